import { retryUntil } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Lease } from './lease.ts'
import type { Kept } from './parking/parked.ts'
import { unlessAborted } from '../../shared/process/abort.ts'

/**
 * Moves the cursor behind the confirms, one move at a time, while the next window is on its way: so the log's fsync
 * costs no throughput. A crash repeats at most the windows that are confirmed but not yet moved over (one) and in
 * flight (one).
 */
export class CursorMover {
  private underWay: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly lease: Lease,
    private readonly log: Logger,
  ) {}

  /** Resolves when the move *before* this one is done; this one goes on and is tried until the lease is lost. */
  async confirmedUpTo(seq: number, kept?: Kept): Promise<void> {
    await this.underWay
    const { lost } = this.lease
    const move = retryUntil(() => this.lease.moveCursor(seq, kept), {
      baseMs: 50,
      maxMs: 1_000,
      signal: lost,
      onFailure: (error) => this.log.warn('the cursor could not be moved', { seq, error }),
    })
    // A statement without an answer is not waited for once the lease is gone.
    this.underWay = unlessAborted(move, lost)
  }

  /** Resolves when nothing is under way: everything reported is moved over, or the lease is lost. */
  async settled(): Promise<void> {
    await this.underWay
  }
}
