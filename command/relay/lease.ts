import { delay } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { LogStore } from './log-store.ts'
import type { Kept } from './parking/parked.ts'

export interface LeaseOptions {
  readonly store: LogStore
  readonly token: number
  readonly ttlMs: number
  /** `performance.now()` before the acquisition was sent: the database's expiry is later, never earlier. */
  readonly acquiredAtMs: number
  readonly log: Logger
}

/**
 * The right to publish and to move the cursor, renewed in the background three times within its time to live, also
 * while a window is under way or the broker is away. Lost when the database says so or when it may have expired: then
 * `lost` is aborted at once, and the token makes every later move of this lease fail. Not a session advisory lock,
 * which dies silently behind a pooler.
 */
export class Lease {
  readonly token: number
  private readonly ended = new AbortController()
  private deadlineMs: number
  private expiry: ReturnType<typeof setTimeout>

  constructor(private readonly options: LeaseOptions) {
    this.token = options.token
    this.deadlineMs = options.acquiredAtMs + options.ttlMs
    this.expiry = setTimeout(() => this.checkExpiry(), options.ttlMs)
    void this.keep()
  }

  /** Aborted when the lease is lost or given back; its `reason` is a text for the log. */
  get lost(): AbortSignal {
    return this.ended.signal
  }

  /** Ask right before publishing: a process that was stopped for a while wakes up with timers that are late. */
  get isHeld(): boolean {
    if (performance.now() >= this.deadlineMs) this.end(expired)
    return !this.lost.aborted
  }

  /**
   * Moves the cursor, which renews the lease; `kept` goes to the parked events with it.
   * @returns false when the lease is lost; the cursor was not moved then
   * @throws when the database does not answer: unknown, and safe to repeat
   */
  async moveCursor(seq: number, kept?: Kept): Promise<boolean> {
    const { store, ttlMs } = this.options
    const sentAtMs = performance.now()
    return this.answered(await store.moveCursor({ token: this.token, seq, ttlMs, kept }), sentAtMs)
  }

  /** A statement said that the token is no longer the valid one. */
  lose(): void {
    this.end('another relay has it')
  }

  /** Gives the lease back, so that another relay takes over at once. */
  async release(): Promise<void> {
    if (this.lost.aborted) return
    this.end('given back')
    await this.options.store.release({ token: this.token })
  }

  private async keep(): Promise<void> {
    const { store, ttlMs, log } = this.options
    for (let waitMs = ttlMs / 3; ;) {
      await delay(waitMs, this.lost)
      if (this.lost.aborted) return
      const sentAtMs = performance.now()
      try {
        this.answered(await store.renew({ token: this.token, ttlMs }), sentAtMs)
        waitMs = ttlMs / 3
      } catch (error) {
        waitMs = ttlMs / 6
        if (!this.lost.aborted) log.warn('the lease could not be renewed', { error })
      }
    }
  }

  private answered(isValid: boolean, sentAtMs: number): boolean {
    if (isValid) this.deadlineMs = Math.max(this.deadlineMs, sentAtMs + this.options.ttlMs)
    else this.end('another relay has it')
    return isValid
  }

  private checkExpiry(): void {
    const leftMs = this.deadlineMs - performance.now()
    if (leftMs <= 0) return this.end(expired)
    this.expiry = setTimeout(() => this.checkExpiry(), leftMs)
  }

  private end(reason: string): void {
    clearTimeout(this.expiry)
    this.ended.abort(reason)
  }
}

const expired = 'it could not be renewed in time'
