import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { backoffMs } from '../shared/process/backoff.ts'
import { diesWithUs } from './stack/run.ts'

export interface ServiceOptions {
  /** The role, as `ops/main.ts` knows it. */
  name: 'command' | 'relay' | 'query'
  port: number
  env: Record<string, string | undefined>
  logFile: string
  onProblem(text: string): void
}

const ENTRY = `${import.meta.dir}/main.ts`
const BACKOFF = { baseMs: 500, maxMs: 15_000 }
/** A service that ran this long was healthy: its next end starts the backoff anew. */
const HEALTHY_MS = 60_000
const LAST_LINES = 5

/** One of the system's processes, started again when it ends by itself. It ends when we do. */
export class Service {
  private child: ChildProcess | undefined
  private wanted = false
  private crashes = 0
  private exited: Promise<void> = Promise.resolve()

  constructor(readonly options: ServiceOptions) {}

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`
  }

  start(): void {
    this.wanted = true
    const { name, env, logFile } = this.options
    const log = openSync(logFile, 'a')
    const argv = diesWithUs([process.execPath, ENTRY, name], 'KILL')
    // A session of its own: a Ctrl-C is for us, who stop the services before the servers they use.
    const child = spawn(argv[0]!, argv.slice(1), {
      detached: true,
      stdio: ['ignore', log, log],
      env: env as NodeJS.ProcessEnv,
    })
    closeSync(log)
    const startedAt = performance.now()
    this.child = child
    this.exited = new Promise((resolve) => {
      const end = (reason: string) => {
        resolve()
        if (this.child !== child) return
        this.child = undefined
        if (this.wanted) this.startAgain(reason, performance.now() - startedAt)
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(`exit ${signal ?? code}`))
    })
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) })
    return answer.ok
  }

  async stop(graceMs: number): Promise<void> {
    this.wanted = false
    this.child?.kill('SIGTERM')
    const hard = setTimeout(() => this.child?.kill('SIGKILL'), graceMs)
    await this.exited
    clearTimeout(hard)
  }

  lastLines(): string[] {
    return readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES)
  }

  private startAgain(reason: string, ranMs: number): void {
    const { name, onProblem } = this.options
    if (ranMs > HEALTHY_MS) this.crashes = 0
    const delayMs = backoffMs(this.crashes++, BACKOFF, Math.random())
    const lines = this.lastLines().map((line) => `\n     ${line}`)
    onProblem(
      `${name} ended (${reason}); starting it again in ${(delayMs / 1000).toFixed(1)} s${lines.join('')}`,
    )
    setTimeout(() => this.wanted && !this.child && this.start(), delayMs)
  }
}
