import { backoffMs } from '../../../shared/process/backoff.ts'
import { nowMs } from '../clock.ts'
import { markedName } from '../check/match.ts'
import type { Attempt, FailedProbe, Probe, Write } from '../history.ts'
import { Random } from '../random.ts'
import { ask } from './http.ts'
import { Population, type User } from './plan.ts'

export interface ClientOptions {
  readonly seed: number
  /** Part of every e-mail. */
  readonly run: string
  readonly writesPerSecond: number
  readonly readsPerSecond: number
  /** Where writes go, in turn; a process that is away is asked all the same, as by a balancer that has not noticed. */
  readonly commands: readonly Target[]
  /** Each by its life: a process started anew is another reader. */
  readonly queries: () => readonly Target[]
  readonly patienceMs: number
  /** A write without a telling answer is sent again for so long, with the same key. */
  readonly retryMs: number
  /** False for a client that knows no keys: it tries each write once, since nobody could tell a repeat from another. */
  readonly hasKeys: boolean
}

export interface Target {
  readonly name: string
  readonly url: string
}

interface Request {
  readonly method: string
  readonly path: string
  readonly body: object | undefined
  readonly key: string | undefined
}

type Writing = Omit<Write, 'attempts' | 'hasKey'> & { hasKey?: boolean; attempts: Attempt[] }

/**
 * The client: writes and reads at a fixed rate whatever the answers take (open loop, so that a stall is counted and not
 * waited out), and remembers every attempt with its answer. It is one of the four records.
 */
export class Client {
  readonly writes: Writing[] = []
  readonly probes: Probe[] = []
  readonly failedProbes: FailedProbe[] = []
  private readonly random: Random
  private readonly population: Population
  private readonly recent: string[] = []
  private readonly inFlight = new Set<Promise<void>>()
  private timer: Timer | undefined
  private startedMs = 0
  private begun = { writes: 0, reads: 0 }
  private turn = 0
  private isStopping = false

  constructor(private readonly options: ClientOptions) {
    this.random = new Random(options.seed)
    this.population = new Population(this.random, options.run)
  }

  start(): void {
    this.startedMs = nowMs()
    this.timer = setInterval(() => this.catchUp(), TICK_MS)
  }

  /** Resolves when everything that was sent has its answer, or has lost patience. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.isStopping = true
    await Promise.all(this.inFlight)
  }

  /** Notes a write that somebody else does beside the client: its number marks its event. */
  note(write: Omit<Write, 'n' | 'attempts'>): Writing {
    const noted: Writing = { ...write, n: this.writes.length + 1, attempts: [] }
    this.writes.push(noted)
    return noted
  }

  private catchUp(): void {
    const elapsedS = (nowMs() - this.startedMs) / 1_000
    while (this.begun.writes < elapsedS * this.options.writesPerSecond)
      this.begin('writes', () => this.writeOne())
    while (this.begun.reads < elapsedS * this.options.readsPerSecond)
      this.begin('reads', () => this.readOne())
  }

  private begin(what: 'writes' | 'reads', work: () => Promise<unknown>): void {
    this.begun[what]++
    const working: Promise<void> = work()
      .then(() => {})
      .finally(() => this.inFlight.delete(working))
    this.inFlight.add(working)
  }

  private writeOne(): Promise<unknown> {
    const plan = this.population.next()
    switch (plan.kind) {
      case 'create': {
        return this.create(this.population.email(this.writes.length + 1), plan.contenders)
      }
      case 'replace':
        return this.replace(this.population.some())
      case 'remove':
        return this.remove(this.population.leaver())
      default:
        return plan.kind satisfies never
    }
  }

  /** The winner is known to the others when all contenders have their answer: removed before, it would free its e-mail. */
  private async create(email: string, contenders: number): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: contenders }, () => {
        const write = this.note({ kind: 'create', email })
        return this.send(write, 'POST', '/users', this.population.body(write.n, email))
      }),
    )
    for (const answer of answers) if (answer?.id) this.population.add({ id: answer.id, email })
  }

  private async replace({ id, email }: User): Promise<void> {
    const write = this.note({ kind: 'replace', id, email })
    await this.send(write, 'PUT', `/users/${id}`, this.population.body(write.n, email))
  }

  private async remove({ id, email }: User): Promise<void> {
    await this.send(this.note({ kind: 'remove', id, email }), 'DELETE', `/users/${id}`)
  }

  /**
   * Most writes are tried, with one key, until they have an answer that tells; some clients give up at the first
   * silence, and some send twice at once. @returns the attempt that was acknowledged
   */
  private async send(
    write: Writing,
    method: string,
    path: string,
    body?: object,
  ): Promise<Attempt | undefined> {
    const { run, hasKeys } = this.options
    if (!hasKeys) return this.untilTold(write, { method, path, body, key: undefined }, 0)
    const request = { method, path, body, key: `${run}-${markedName(write.n)}` }
    write.hasKey = true
    const dice = this.random.next()
    const untilMs = dice < IMPATIENT ? 0 : nowMs() + this.options.retryMs
    if (dice <= 1 - TWICE) return this.untilTold(write, request, untilMs)
    const [first, second] = await Promise.all([1, 2].map(() => this.untilTold(write, request, untilMs)))
    return first ?? second
  }

  private async untilTold(
    write: Writing,
    { method, path, body, key }: Request,
    untilMs: number,
  ): Promise<Attempt | undefined> {
    const { commands, patienceMs } = this.options
    for (let refusals = 0; ; refusals++) {
      const target = commands[this.turn++ % commands.length]!
      const startedMs = nowMs()
      const answer = await ask(target.url + path, { method, body, key, patienceMs })
      const { status, isReplayed } = answer
      const isGood = status >= 200 && status < 300
      const isUndecided = answer.body?.['type'] === '/problems/idempotency-key-in-use'
      const id = isGood ? ((answer.body?.['id'] as string | undefined) ?? write.id) : undefined
      const version = isGood ? (answer.body?.['version'] as number | undefined) : undefined
      const endedMs = nowMs()
      const made: Attempt = {
        startedMs,
        endedMs,
        to: target.name,
        status,
        id,
        version,
        ...(isUndecided ? { isUndecided } : undefined),
        ...(isReplayed ? { isReplayed } : undefined),
      }
      write.attempts.push(made)
      if (id !== undefined) this.wrote(id)
      if (isGood) return made
      if (status > 0 && status < 500 && !isUndecided) return undefined
      if (endedMs > untilMs || this.isStopping) return undefined
      await Bun.sleep(backoffMs(refusals, RETRY, Math.random()))
    }
  }

  private wrote(id: string): void {
    this.recent.push(id)
    if (this.recent.length > RECENT) this.recent.shift()
  }

  private async readOne(): Promise<void> {
    const queries = this.options.queries()
    if (this.recent.length === 0 || queries.length === 0) return
    const { name: by, url } = this.random.of(queries)
    const id = this.random.of(this.recent)
    const startedMs = nowMs()
    const { status, body } = await ask(`${url}/users/${id}`, { patienceMs: this.options.patienceMs })
    if (status === 200 || status === 404)
      this.probes.push({
        by,
        id,
        startedMs,
        endedMs: nowMs(),
        seen: status === 200 ? (body!['version'] as number) : 'absent',
      })
    else this.failedProbes.push({ by, startedMs, status })
  }
}

const TICK_MS = 10
/** `Retry-After` is a second or two; whoever is refused again waits longer, as clients should. */
const RETRY = { baseMs: 1_500, maxMs: 10_000 }
/** Parts of the writes. */
const IMPATIENT = 0.3
const TWICE = 0.04
/** Reads look at what was written last: there a step back would show. */
const RECENT = 40
