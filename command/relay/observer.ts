import { delay } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import { describeTrouble } from './database-trouble.ts'
import type { Doorbell } from './doorbell.ts'
import { refusal } from './guard.ts'
import type { LogStore } from './log-store.ts'
import { unlessAborted } from '../../shared/process/abort.ts'
import { pauseOf, type RelayStatus } from './status.ts'

export interface ObserverOptions {
  readonly store: LogStore
  readonly status: RelayStatus
  readonly intervalMs: number
  /** Segments that must be unused; fewer, and the active relay makes new ones. */
  readonly segmentsAhead: number
  readonly segmentRows: number
  /** Rung when an operator asked for something. */
  readonly doorbell: Doorbell
  readonly log: Logger
}

/** Looks at the log every few seconds, beside the publishing and never in its way: guard, figures, segments. */
export class Observer {
  constructor(private readonly options: ObserverOptions) {}

  async run(signal: AbortSignal): Promise<void> {
    const { intervalMs } = this.options
    while (!signal.aborted) {
      await unlessAborted(this.beat(), signal)
      await delay(intervalMs, signal)
    }
  }

  /** @throws when the database does not answer; what was known stays */
  async look(): Promise<void> {
    const { store, status, doorbell, log } = this.options
    const seen = await store.observe()
    const found = refusal(seen)
    if (found && found !== status.refusal) log.error('refusing to publish', { reason: found })
    if (!found && status.refusal) log.info('publishing again')
    if (seen.paused && !pauseOf(status)) log.warn('paused', { ...seen.paused })
    if (!seen.paused && pauseOf(status)) log.info('resumed')
    status.observation = seen
    status.refusal = found
    if (seen.parked.some(({ marked }) => marked)) doorbell.ring()
  }

  private async beat(): Promise<void> {
    const { status, log } = this.options
    try {
      await this.look()
      if (status.role === 'active' && !status.refusal) await this.keepSegments()
    } catch (error) {
      log.debug('cannot look at the log', { reason: describeTrouble(error), error })
    }
  }

  private async keepSegments(): Promise<void> {
    const { store, status, segmentsAhead, segmentRows, log } = this.options
    const have = status.observation?.segmentsAhead ?? segmentsAhead
    if (have >= segmentsAhead) return
    try {
      const made = await store.makeSegments({ ahead: segmentsAhead, segmentRows })
      if (made > 0) log.info('made segments', { made })
    } catch (error) {
      // Usually the short lock time-out behind an open reader; the next look tries again.
      log.warn('could not make segments', { ahead: have, error })
    }
  }
}
