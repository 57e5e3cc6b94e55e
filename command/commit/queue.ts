import { CommandFailure, type Command, type CommandResult } from './command.ts'

/** A command on its way, with the caller that waits for its answer. */
export interface Pending {
  readonly command: Command
  readonly enqueuedAtMs: number
  readonly deadlineMs: number
  resolve(result: CommandResult): void
  reject(failure: CommandFailure): void
}

export interface CommandQueueOptions {
  /** Most commands waiting, those for a locked row included. */
  readonly max: number
  readonly timeoutMs: number
  readonly clock?: () => number
}

/**
 * The bounded queue in front of the commit loop. Commands whose row somebody else holds wait beside it and come back
 * when due, so that five hundred commands on one locked row delay nobody else.
 */
export class CommandQueue {
  private waiting: Pending[] = []
  private blocked: { readonly pending: Pending; readonly dueMs: number; readonly why: Blocked }[] = []
  private wake: (() => void) | undefined
  private readonly clock: () => number

  constructor(private readonly options: CommandQueueOptions) {
    this.clock = options.clock ?? (() => performance.now())
  }

  get size(): number {
    return this.waiting.length + this.blocked.length
  }

  get isFull(): boolean {
    return this.size >= this.options.max
  }

  /** @throws CommandFailure `queue-full` at once */
  add(command: Command): Promise<CommandResult> {
    if (this.isFull) throw new CommandFailure('queue-full', `${this.options.max} commands are waiting`)
    const enqueuedAtMs = this.clock()
    return new Promise((resolve, reject) => {
      this.waiting.push({
        command,
        enqueuedAtMs,
        deadlineMs: enqueuedAtMs + this.options.timeoutMs,
        resolve,
        reject,
      })
      this.wake?.()
    })
  }

  /** Comes back after `delayMs`, before what arrives later, unless its deadline passes first: then `why` is told. */
  block(pending: readonly Pending[], delayMs: number, why: Blocked = 'locked'): void {
    const dueMs = this.clock() + delayMs
    for (const item of pending) this.blocked.push({ pending: item, dueMs, why })
  }

  /** Back to the front, in the given order. */
  putBack(pending: readonly Pending[]): void {
    this.waiting = [...pending, ...this.waiting]
  }

  /** Up to `max` commands, due blocked ones first but at most half; drops those whose client left or time is up. */
  take(max: number): Pending[] {
    const nowMs = this.clock()
    const taken: Pending[] = []
    const blockedShare = this.waiting.length > 0 ? Math.max(1, max >> 1) : max
    this.blocked = this.blocked.filter(({ pending, dueMs, why }) => {
      if (isDropped(pending, nowMs, why)) return false
      if (dueMs > nowMs || taken.length >= blockedShare) return true
      taken.push(pending)
      return false
    })
    let used = 0
    while (used < this.waiting.length && taken.length < max) {
      const pending = this.waiting[used++]!
      if (!isDropped(pending, nowMs, 'timeout')) taken.push(pending)
    }
    this.waiting = used === this.waiting.length ? [] : this.waiting.slice(used)
    return taken
  }

  /** Everything that waits is refused with `failure`. */
  refuseAll(failure: CommandFailure): void {
    const all = [...this.blocked.map(({ pending }) => pending), ...this.waiting]
    this.blocked = []
    this.waiting = []
    for (const pending of all) pending.reject(failure)
  }

  /** A command waits, or a blocked one is due. */
  get isReady(): boolean {
    return this.waitMs <= 0
  }

  private get waitMs(): number {
    if (this.waiting.length > 0) return 0
    return Math.min(...this.blocked.map(({ dueMs }) => dueMs)) - this.clock()
  }

  /** Resolves when it is, or `nudge` is called. */
  async ready(): Promise<void> {
    const { waitMs } = this
    if (waitMs <= 0) return
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(waitMs) ? setTimeout(resolve, waitMs) : undefined
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.wake = undefined
  }

  nudge(): void {
    this.wake?.()
  }
}

type Blocked = 'locked' | 'key-in-use'

function isDropped(pending: Pending, nowMs: number, code: keyof typeof reasons): boolean {
  if (pending.command.signal?.aborted) {
    pending.reject(new CommandFailure('timeout', 'the client left before the command was taken'))
    return true
  }
  if (pending.deadlineMs > nowMs) return false
  pending.reject(new CommandFailure(code, reasons[code]))
  return true
}

const reasons = {
  timeout: 'the command was not taken in time',
  locked: 'another session holds the row',
  'key-in-use': 'another process is carrying out a request with this key',
}
