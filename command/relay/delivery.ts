import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Course } from './course.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { Lease } from './lease.ts'
import type { RelayMetrics } from './metrics.ts'
import type { Fate, Publisher } from './publisher.ts'
import { mayPublish, type RelayStatus } from './status.ts'
import { convict, guiltyReason, isGuilty, isOnTrial, judge, type Suspicion, type Verdict } from './verdict.ts'
import type { EventMessage } from './window.ts'

export interface DeliveryOptions {
  readonly publisher: Publisher
  readonly lease: Lease
  readonly heartbeats: Heartbeats
  /** For a trial: an event of another aggregate with the same routing key, where there is one. */
  readonly findControl: (
    suspect: EventMessage,
    pending: readonly EventMessage[],
  ) => Promise<EventMessage | undefined>
  readonly status: RelayStatus
  readonly metrics: RelayMetrics
  readonly backoffMaxMs: number
  readonly log: Logger
  /** Ends waiting for better times; the window under way may still end. */
  readonly halt: AbortSignal
  /** Ends the window under way. */
  readonly abort: AbortSignal
}

/** `refused`: an operator or the guard forbids publishing; what is not done yet must be read again. */
export type Delivered = 'done' | 'stopped' | 'refused'

/** Delivers windows in order, sits out outages in between, and parks what can never be delivered. */
export class Delivery {
  /** Grows over all outages and is reset by nothing but confirmed progress. */
  private failures = 0
  private suspicion: Suspicion | undefined

  constructor(private readonly options: DeliveryOptions) {}

  /**
   * Publishes `window` until all of it is confirmed or kept back, telling `course` of each such prefix. After a
   * failure everything from the first failure on is sent again, with the same ids: a later event of the same aggregate
   * may have been confirmed before an earlier one, and so the order is restored.
   */
  async deliver(window: readonly EventMessage[], course: Course): Promise<Delivered> {
    const { halt, status, heartbeats } = this.options
    let pending = window
    // Before anything got through on a connection, the first event goes alone.
    let extent: Extent = heartbeats.isProven && !course.startsAlone ? 'all' : 'first'
    status.waitingSinceMs ??= performance.now()
    while (pending.length > 0) {
      if (!mayPublish(status)) return this.leave('refused')
      let fates = await this.publish(extent === 'all' ? pending : pending.slice(0, 1), course)
      let verdict: Verdict | undefined
      do {
        const done = settledPrefix(pending, fates, course)
        if (done > 0) await this.progressed(pending.slice(0, done), fates, course)
        pending = pending.slice(done)
        fates = fates.slice(done)
        verdict = this.verdict(pending, fates, course)
        // What follows in this window and was confirmed need not be sent again.
        if (verdict?.kind === 'park') this.park(pending[0]!, verdict.reason, course)
      } while (verdict?.kind === 'park')
      extent = 'all'
      if (!verdict) continue
      if (halt.aborted) return 'stopped'
      const end = await this.sitOut(pending, verdict, course)
      switch (end) {
        case 'all':
        case 'first':
          // An event that cannot be encoded, and may not be parked, is not to drag the others along at each try.
          extent = fates[0] === 'unencodable' ? 'first' : end
          break
        case 'delivered':
          await this.progressed(pending.slice(0, 1), ['confirmed'], course)
          pending = pending.slice(1)
          break
        case 'parked':
          break
        case 'stopped':
        case 'refused':
          return this.leave(end)
        default:
          end satisfies never
      }
    }
    status.waitingSinceMs = undefined
    return 'done'
  }

  private leave(how: 'stopped' | 'refused'): Delivered {
    Object.assign(this.options.status, { waitingSinceMs: undefined, outage: undefined })
    return how
  }

  private async publish(messages: readonly EventMessage[], course: Course): Promise<readonly Outcome[]> {
    if (course.keepsNone) return this.send(messages)
    const sent = messages.filter((message) => !course.keeps(message))
    const fates = (sent.length > 0 ? await this.send(sent) : []).values()
    return messages.map((message) => (course.keeps(message) ? 'kept' : fates.next().value!))
  }

  private async send(messages: readonly EventMessage[]): Promise<readonly Fate[]> {
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

  private async progressed(
    done: readonly EventMessage[],
    fates: readonly Outcome[],
    course: Course,
  ): Promise<void> {
    const { status, heartbeats, log } = this.options
    const confirmed = course.keepsNone
      ? done
      : done.filter((event, index) => fates[index] === 'confirmed' && !course.keeps(event))
    if (confirmed.length > 0) {
      if (status.outage) log.info('events flow again', { after_ms: elapsedMs(status.outage.sinceMs) })
      this.failures = 0
      this.suspicion = undefined
      status.outage = undefined
      heartbeats.confirmed(confirmed)
    }
    status.waitingSinceMs = performance.now()
    await course.progressed(done)
  }

  /** @returns undefined when nothing of what was sent is left */
  private verdict(
    [first]: readonly EventMessage[],
    [fate]: readonly Outcome[],
    course: Course,
  ): Verdict | undefined {
    if (!first || fate === undefined || fate === 'confirmed' || fate === 'kept') return undefined
    if (fate === 'returned' || fate === 'nacked') {
      const known = this.suspicion?.id === first.id ? this.suspicion : undefined
      this.suspicion = known
        ? { ...known, refusals: known.refusals + 1 }
        : { id: first.id, refusals: 1, convictions: 0 }
    }
    const verdict = judge(first, fate)
    if (verdict.kind === 'outage' || course.mayPark) return verdict
    return { kind: 'outage', reason: `${verdict.reason}, and too many aggregates are parked already` }
  }

  private park(event: EventMessage, reason: string, course: Course): void {
    const { seq, aggregate, aggregateId } = event
    this.options.log.error('parked', { aggregate: `${aggregate}/${aggregateId}`, seq, reason })
    course.park(event, reason)
    this.suspicion = undefined
  }

  /**
   * Backs off, makes sure of connection and exchange, and probes with a heartbeat on the failed partition, until the
   * probe gets through: a window sent into an outage would only pile up duplicates where it does get through. A probe
   * that is returned proves that the broker answers but not that events have no queue (a foreign consumer need not
   * bind heartbeats): then the first event itself is the probe, alone.
   */
  private async sitOut(
    pending: readonly EventMessage[],
    verdict: Verdict,
    course: Course,
  ): Promise<OutageEnd> {
    const { status, metrics, log, halt, publisher, heartbeats, backoffMaxMs } = this.options
    const first = pending[0]!
    if (!status.outage) metrics.outages.inc()
    const sinceMs = status.outage?.sinceMs ?? performance.now()
    while (!halt.aborted) {
      const attempts = ++this.failures
      const nextMs = backoffMs(attempts - 1, { baseMs: 200, maxMs: backoffMaxMs }, Math.random())
      status.outage = { reason: verdict.reason, sinceMs, attempts }
      log.warn('outage', { reason: verdict.reason, seq: first.seq, attempts, next_ms: nextMs })
      await delay(nextMs, halt)
      await publisher.restore(halt)
      if (halt.aborted || !this.options.lease.isHeld) return 'stopped'
      if (!mayPublish(status)) return 'refused'
      const probe = await heartbeats.probe(first.partition, halt)
      if (probe !== 'confirmed' && probe !== 'returned') continue
      const end = await this.trial(pending, course)
      if (end === 'again') continue
      return end ?? (probe === 'confirmed' ? 'all' : 'first')
    }
    return 'stopped'
  }

  /** @returns undefined where there is no reason for a trial, or nothing to compare with */
  private async trial(
    pending: readonly EventMessage[],
    course: Course,
  ): Promise<'again' | 'delivered' | 'parked' | undefined> {
    const { findControl, log } = this.options
    const first = pending[0]!
    const { suspicion } = this
    if (suspicion?.id !== first.id || !isOnTrial(suspicion) || !course.mayPark) return undefined
    const control = await findControl(first, pending)
    if (!control) return undefined
    const [fate = 'unknown', controlFate = 'unknown'] = await this.send([first, control])
    if (fate === 'confirmed') return 'delivered'
    const convicted = convict(suspicion, fate, controlFate)
    const { convictions } = convicted
    log.warn('trial', { seq: first.seq, fate, control: controlFate, convictions })
    this.suspicion = convicted
    if (!isGuilty(convicted)) return 'again'
    this.park(first, guiltyReason(first, fate), course)
    return 'parked'
  }
}

/** How much of what is pending is sent next. */
type Extent = 'all' | 'first'
type OutageEnd = Extent | 'delivered' | 'parked' | 'stopped' | 'refused'
type Outcome = Fate | 'kept'

function settledPrefix(messages: readonly EventMessage[], fates: readonly Outcome[], course: Course): number {
  const isSettled = (fate: Outcome, index: number) =>
    fate === 'confirmed' || fate === 'kept' || (!course.keepsNone && course.keeps(messages[index]!))
  const failed = fates.findIndex((fate, index) => !isSettled(fate, index))
  return failed === -1 ? fates.length : failed
}

const elapsedMs = (sinceMs: number) => Math.round(performance.now() - sinceMs)
