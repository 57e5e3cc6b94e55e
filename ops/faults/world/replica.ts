import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diesWithUs } from '../../stack/run.ts'
import { waitFor } from '../../wait.ts'
import { nowMs } from '../clock.ts'
import { recordFileSetting } from '../entries/settings.ts'
import type { ProcessEnd } from '../history.ts'

export type Role = 'command' | 'relay' | 'query'

export interface ReplicaOptions {
  readonly role: Role
  /** `relay-1`: in logs, records and findings. */
  readonly name: string
  readonly port: number
  /** What is run instead of `ops/main.ts <role>`. */
  readonly entry?: string | undefined
  /** Runs the entry; Bun where left out. */
  readonly runtime?: string
  readonly env: Readonly<Record<string, string>>
  readonly dir: string
  readonly onEnd: (end: ProcessEnd) => void
}

const ROOT = join(import.meta.dir, '../../..')
const READY_TIMEOUT_MS = 30_000

/** One of the system's processes, the way it is run, killed and started again as a fault wants it. */
export class Replica {
  /** Grows with each start: a process that was started again is another one to its readers. */
  life = 0
  private child: ChildProcess | undefined
  private exited: Promise<void> = Promise.resolve()
  /** Whoever ends it says so first: every other end is its own doing. */
  private isCondemned = false

  constructor(readonly options: ReplicaOptions) {}

  get name(): string {
    return this.options.name
  }
  get role(): Role {
    return this.options.role
  }
  get url(): string {
    return `http://127.0.0.1:${this.options.port}`
  }
  /** Of this life, in records. */
  get lifeName(): string {
    return `${this.name}/${this.life}`
  }
  get pid(): number | undefined {
    return this.child?.pid
  }
  get isRunning(): boolean {
    return this.child !== undefined
  }

  /** @param more settings of this life alone @param entry run in this life, instead of what the others run */
  start(more: Readonly<Record<string, string>> = {}, entry = this.options.entry): void {
    if (this.child) return
    this.life++
    this.isCondemned = false
    const { role, runtime = process.execPath, env, dir, onEnd } = this.options
    const log = openSync(this.logFile, 'a')
    const program = entry === undefined ? [join(ROOT, 'ops/main.ts'), role] : [entry]
    const argv = diesWithUs([runtime, ...program], 'KILL')
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'] ?? '',
        ...env,
        ...more,
        [recordFileSetting]: this.recordFile(this.life, dir),
      },
    })
    closeSync(log)
    this.child = child
    const name = this.lifeName
    this.exited = new Promise((resolve) => {
      const end = (code: string) => {
        if (this.child !== child) return
        this.child = undefined
        onEnd({ process: name, atMs: nowMs(), code, by: this.isCondemned ? 'us' : 'itself' })
        resolve()
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(signal ?? String(code)))
    })
  }

  /** It will die of what it was told, and not by itself. */
  condemn(): void {
    this.isCondemned = true
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal)
  }

  /** As a crash: at once, with nothing tidied up. */
  async kill(): Promise<void> {
    this.condemn()
    this.signal('SIGKILL')
    await this.exited
  }

  /** As an operator does; hard after `graceMs`. @returns how long it took */
  async stop(graceMs = 10_000): Promise<number> {
    const startedMs = performance.now()
    this.condemn()
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const hard = setTimeout(() => this.signal('SIGKILL'), graceMs)
    await this.exited
    clearTimeout(hard)
    return performance.now() - startedMs
  }

  async ended(timeoutMs: number, what: string): Promise<void> {
    await waitFor(() => !this.isRunning, { timeoutMs, what, intervalMs: 10 })
  }

  /** @param question of the two that health answers */
  async untilGreen(question: 'ready' | 'pipeline'): Promise<void> {
    const isGreen = async () => {
      if (!this.isRunning) throw new Error(`${this.name} ended:\n${this.lastLines()}`)
      const answer = await fetch(`${this.url}/health/${question}`, { signal: AbortSignal.timeout(2_000) })
      const { status } = (await answer.json()) as { status: string }
      return answer.ok && (question === 'ready' || status === 'ok')
    }
    await waitFor(isGreen, { timeoutMs: READY_TIMEOUT_MS, what: `${question} of ${this.name} to be green` })
  }

  /** Files of its lives so far; only relays write them. */
  get recordFiles(): readonly { relay: string; file: string }[] {
    return Array.from({ length: this.life }, (_, index) => ({
      relay: `${this.name}/${index + 1}`,
      file: this.recordFile(index + 1, this.options.dir),
    }))
  }

  get logFile(): string {
    return join(this.options.dir, `${this.name}.log`)
  }

  private recordFile(life: number, dir: string): string {
    return join(dir, `${this.name}.${life}.publishes`)
  }

  private lastLines(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  }
}
