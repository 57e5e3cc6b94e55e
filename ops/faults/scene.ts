import { delay } from '../../shared/process/backoff.ts'
import type { ServerName } from '../stack/index.ts'
import { nowMs } from './clock.ts'
import type { Expectation, InvariantName, Question, StoredUser } from './history.ts'
import type { Client } from './load/client.ts'
import type { Random } from './random.ts'
import type { World } from './world/world.ts'

export interface SceneOptions {
  readonly world: World
  readonly client: Client
  readonly random: Random
  readonly startedMs: number
  readonly seconds: number
  readonly expectations: Expectation[]
  readonly signal: AbortSignal
  readonly dirOf?: ((server: ServerName) => string) | undefined
}

export interface Mark {
  readonly atMs: number
  readonly text: string
}

/** What a fault's script has to work with: the world, a clock, and a place for what it promises and finds out. */
export class Scene {
  readonly marks: Mark[] = []
  healedMs = 0
  /** Set by a fault that takes events from the read side's queues. */
  losesQueues = false
  /** Looks at the store once all has converged, or had time to. */
  lastly: (documents: readonly StoredUser[]) => Promise<void> | void = () => {}
  private readonly remedies = new Map<string, () => Promise<unknown> | unknown>()

  constructor(private readonly options: SceneOptions) {}

  get world(): World {
    return this.options.world
  }
  get client(): Client {
    return this.options.client
  }
  get random(): Random {
    return this.options.random
  }
  get signal(): AbortSignal {
    return this.options.signal
  }
  get startedMs(): number {
    return this.options.startedMs
  }
  get seconds(): number {
    return this.options.seconds
  }

  /** Where a server's data is; known of servers that are the run's own. */
  dirOf(server: ServerName): string {
    const dir = this.options.dirOf?.(server)
    if (dir === undefined) throw new Error(`the data of ${server} is shared with other runs`)
    return dir
  }

  /** Waits until this part of the load's time has passed. */
  async at(part: number): Promise<void> {
    const { startedMs, seconds } = this.options
    await this.pause(startedMs + part * seconds * 1_000 - nowMs())
  }

  async pause(ms: number): Promise<void> {
    await delay(Math.max(0, ms), this.signal)
    this.signal.throwIfAborted()
  }

  /** A word for the timeline. */
  mark(text: string): number {
    const atMs = nowMs()
    this.marks.push({ atMs, text })
    return atMs
  }

  /** Done at the end unless the script has done it before by `mend`: whatever happens, the world is whole again. */
  remedy(name: string, work: () => Promise<unknown> | unknown): void {
    this.remedies.set(name, work)
  }

  async mend(name: string): Promise<void> {
    const work = this.remedies.get(name)
    if (!work) return
    this.remedies.delete(name)
    await work()
    this.healedMs = this.mark(`${name}: healed`)
  }

  async heal(): Promise<void> {
    for (const name of this.remedies.keys()) await this.mend(name)
    for (const replica of this.world.replicas) {
      replica.signal('SIGCONT')
      if (!replica.isRunning) replica.start()
    }
  }

  /** Takes a server down by a signal; its return is a remedy of its name. */
  strike(server: ServerName, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGQUIT'): number {
    const { [server]: struck } = this.world.stack.servers
    this.remedy(server, () => (signal === 'SIGSTOP' ? struck.signal('SIGCONT') : struck.start()))
    struck.signal(signal)
    return this.mark(`${server}: ${signal}`)
  }

  red(process: string, question: Question, fromMs: number, withinMs = 5_000): void {
    // A look begins after the fact, and may wait for its answer.
    this.options.expectations.push({ kind: 'red', process, question, fromMs, withinMs: withinMs + LOOK_MS })
  }
  green(process: string, question: Question, fromMs: number, untilMs = nowMs()): void {
    this.options.expectations.push({ kind: 'green', process, question, fromMs, untilMs })
  }
  served(what: 'writes' | 'reads', fromMs: number, untilMs = nowMs(), part = 1): void {
    this.options.expectations.push({ kind: 'served', what, fromMs, untilMs, part })
  }
  answered(fromMs: number, untilMs: number, withinMs: number): void {
    this.options.expectations.push({ kind: 'answered', fromMs, untilMs, withinMs })
  }
  bounded(what: 'residentMb' | 'backlogEvents', max: number): void {
    this.options.expectations.push({ kind: 'bounded', what, max })
  }
  fact(invariant: InvariantName, holds: boolean, text: string): void {
    this.options.expectations.push({ kind: 'fact', invariant, holds, text })
  }
}

const LOOK_MS = 1_000
