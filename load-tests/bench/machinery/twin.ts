import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Part } from '../../../ops/load/parts.ts'
import { diesWithUs } from '../../../ops/stack/run.ts'

const ROOT = join(import.meta.dir, '../../..')
const READY_TIMEOUT_MS = 30_000

/** A raw twin in a process of its own, so that its CPU is its own: gets orders, a line of JSON each, and answers them. */
export class Twin {
  private readonly answers: AsyncIterator<string>
  private readonly exited: Promise<void>
  private said = ''

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    child.stderr!.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-2_000)))
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()))
  }

  /** @param entry of `twins/`, without its end. @throws what it printed where it ended before it was ready */
  static async start(entry: string, env: Readonly<Record<string, string>>): Promise<Twin> {
    const argv = diesWithUs(
      [process.execPath, join(ROOT, 'load-tests/bench/twins', `${entry}.entry.ts`)],
      'KILL',
    )
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: ROOT,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    const twin = new Twin(entry, child)
    const late = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS)
    await twin.answer()
    clearTimeout(late)
    return twin
  }

  get part(): Part {
    return { name: this.name, root: this.child.pid!, isSingleThreaded: true }
  }

  /** One at a time. @throws when it ends instead of answering */
  async order<Result>(order: object): Promise<Result> {
    this.child.stdin!.write(`${JSON.stringify(order)}\n`)
    return JSON.parse(await this.answer()) as Result
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }

  private async answer(): Promise<string> {
    const { value, done } = await this.answers.next()
    if (done) throw new Error(`the twin ${this.name} ended:\n${this.said}`)
    return value as string
  }
}
