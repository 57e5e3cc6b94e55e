import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { CursorMover } from './cursor.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { Lease } from './lease.ts'
import type { RelayMetrics } from './metrics.ts'
import type { Fate, Publisher } from './publisher.ts'
import type { RelayStatus } from './status.ts'
import { judge, type Verdict } from './verdict.ts'
import type { EventMessage } from './window.ts'

export interface DeliveryOptions {
  readonly publisher: Publisher
  readonly lease: Lease
  readonly cursor: CursorMover
  readonly heartbeats: Heartbeats
  readonly status: RelayStatus
  readonly metrics: RelayMetrics
  readonly backoffMaxMs: number
  readonly log: Logger
  /** Ends waiting for better times; the window under way may still end. */
  readonly halt: AbortSignal
  /** Ends the window under way. */
  readonly abort: AbortSignal
}

/** Delivers windows in order, and sits out outages in between. */
export class Delivery {
  /** Grows over all outages and is reset by nothing but confirmed progress. */
  private failures = 0

  constructor(private readonly options: DeliveryOptions) {}

  /**
   * Publishes `window` until all of it is confirmed, moving the cursor over each confirmed prefix. After a failure
   * everything from the first failure on is sent again, with the same ids: a later event of the same aggregate may
   * have been confirmed before an earlier one, and so the order is restored.
   * @returns false when it was told to stop first
   */
  async deliver(window: readonly EventMessage[]): Promise<boolean> {
    const { halt, status } = this.options
    let pending = window
    let extent: Extent = 'all'
    status.waitingSinceMs ??= performance.now()
    while (pending.length > 0) {
      const sent: readonly EventMessage[] = extent === 'all' ? pending : pending.slice(0, 1)
      const fates = await this.publish(sent)
      const confirmed = confirmedPrefix(fates)
      if (confirmed > 0) await this.progressed(sent.slice(0, confirmed))
      pending = pending.slice(confirmed)
      extent = 'all'
      const fate = fates[confirmed]
      if (fate === undefined || fate === 'confirmed') continue
      if (halt.aborted) return false
      const verdict = judge(pending[0]!, fate)
      switch (verdict.kind) {
        case 'outage': {
          const next = await this.sitOut(pending[0]!, verdict)
          if (!next) return false
          extent = next
          break
        }
        default:
          verdict.kind satisfies never
      }
    }
    status.waitingSinceMs = undefined
    return true
  }

  private async publish(messages: readonly EventMessage[]): Promise<readonly Fate[]> {
    const { lease, publisher, metrics, abort } = this.options
    if (!lease.isHeld || !publisher.state.connected) return messages.map(() => 'unknown')
    const startedAtMs = performance.now()
    const fates = await publisher.publish(messages, abort)
    metrics.windowSize.observe(messages.length)
    metrics.published.inc(messages.length)
    metrics.confirmLatency.observe((performance.now() - startedAtMs) / 1000)
    metrics.countFates(fates)
    return fates
  }

  private async progressed(confirmed: readonly EventMessage[]): Promise<void> {
    const { status, cursor, heartbeats, log } = this.options
    const { seq } = confirmed.at(-1)!
    if (status.outage) log.info('events flow again', { after_ms: elapsedMs(status.outage.sinceMs) })
    this.failures = 0
    status.outage = undefined
    status.waitingSinceMs = performance.now()
    status.confirmedSeq = seq
    heartbeats.confirmed(confirmed)
    await cursor.confirmedUpTo(seq)
  }

  /**
   * Backs off, makes sure of connection and exchange, and probes with one heartbeat on the failed partition, until
   * the probe gets through: a window sent into an outage would only pile up duplicates where it does get through.
   * A probe that is returned proves that the broker answers but not that events have no queue (a foreign consumer
   * need not bind heartbeats): then the first event itself is the probe, alone.
   */
  private async sitOut(first: EventMessage, verdict: Verdict): Promise<Extent | undefined> {
    const { status, metrics, log, halt, publisher, heartbeats, backoffMaxMs } = this.options
    if (!status.outage) metrics.outages.inc()
    const sinceMs = status.outage?.sinceMs ?? performance.now()
    while (!halt.aborted) {
      const attempts = ++this.failures
      const nextMs = backoffMs(attempts - 1, { baseMs: 200, maxMs: backoffMaxMs }, Math.random())
      status.outage = { reason: verdict.reason, sinceMs, attempts }
      log.warn('outage', { reason: verdict.reason, seq: first.seq, attempts, next_ms: nextMs })
      await delay(nextMs, halt)
      await publisher.restore(halt)
      if (halt.aborted || !this.options.lease.isHeld) return undefined
      const fate = await heartbeats.probe(first.partition, halt)
      if (fate === 'confirmed') return 'all'
      if (fate === 'returned') return 'first'
    }
    return undefined
  }
}

/** How much of what is pending is sent next. */
type Extent = 'all' | 'first'

const confirmedPrefix = (fates: readonly Fate[]) => {
  const failed = fates.findIndex((fate) => fate !== 'confirmed')
  return failed === -1 ? fates.length : failed
}

const elapsedMs = (sinceMs: number) => Math.round(performance.now() - sinceMs)
