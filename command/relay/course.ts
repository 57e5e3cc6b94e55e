import type { CursorMover } from './cursor.ts'
import type { RelayMetrics } from './metrics.ts'
import type { ParkedAggregates } from './parking/parked.ts'
import type { RelayStatus } from './status.ts'
import type { EventMessage } from './window.ts'

/** Where windows come from, and what their progress means: the log here, the parked events in `parking/release.ts`. */
export interface Course {
  /** The first event failed before: it goes alone, so that nothing overtakes it where it fails again. */
  readonly startsAlone: boolean
  /** Nothing is kept back: no event need be asked about. */
  readonly keepsNone: boolean
  /** An event that is kept back is not published, and done with all the same. */
  keeps(event: EventMessage): boolean
  readonly mayPark: boolean
  /** From now on the events of this one's aggregate are kept back. */
  park(event: EventMessage, reason: string): void
  /** All of `done`, the next in order, is confirmed or kept back. */
  progressed(done: readonly EventMessage[]): Promise<void>
}

export interface LogCourseOptions {
  readonly parked: ParkedAggregates
  readonly cursor: CursorMover
  readonly status: RelayStatus
  readonly metrics: RelayMetrics
}

/** The log's own windows: the cursor follows, and takes what is kept back to the parked events on its way. */
export class LogCourse implements Course {
  readonly startsAlone = false

  constructor(private readonly options: LogCourseOptions) {}

  get keepsNone(): boolean {
    return this.options.parked.isEmpty
  }

  get mayPark(): boolean {
    return !this.options.parked.isFull
  }

  keeps(event: EventMessage): boolean {
    return this.options.parked.has(event)
  }

  park(event: EventMessage, reason: string): void {
    this.options.parked.add(event, reason)
  }

  async progressed(done: readonly EventMessage[]): Promise<void> {
    const { parked, cursor, status, metrics } = this.options
    const { seq } = done.at(-1)!
    const kept = parked.kept(done)
    if (kept) metrics.parked.inc(kept.seqs.length)
    status.confirmedSeq = seq
    await cursor.confirmedUpTo(seq, kept)
  }
}
