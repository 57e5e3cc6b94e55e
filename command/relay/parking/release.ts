import type { Logger } from '../../../shared/process/log.ts'
import type { Course } from '../course.ts'
import type { CursorMover } from '../cursor.ts'
import type { Delivery } from '../delivery.ts'
import type { Lease } from '../lease.ts'
import type { Observation, ParkedLook } from '../log-store.ts'
import type { RelayMetrics } from '../metrics.ts'
import type { LogReader } from '../reader.ts'
import type { RelayStatus } from '../status.ts'
import type { EventMessage } from '../window.ts'
import { keyOf, type AggregateKey, type ParkedAggregates } from './parked.ts'
import type { ParkingStore } from './parking-store.ts'

export interface ReleaserOptions {
  readonly parking: ParkingStore
  readonly parked: ParkedAggregates
  readonly reader: LogReader
  readonly delivery: Delivery
  readonly cursor: CursorMover
  readonly lease: Lease
  readonly status: RelayStatus
  readonly metrics: RelayMetrics
  readonly windowMax: number
  readonly windowBytesMax: number
  readonly log: Logger
}

/** `stopped` as of a delivery; `worked`: a window of parked events was dealt with, and there may be more. */
export type Step = 'idle' | 'worked' | 'stopped'

/**
 * Publishes what was parked where an operator asked for it, a window at a time between two windows of the log, so
 * that others flow meanwhile. Until nothing of an aggregate is left its new events join the parked ones behind, so its
 * order is kept; what is confirmed is deleted in a transaction fenced by the token. A relay that takes over half-way
 * begins with what was not deleted yet.
 */
export class Releaser {
  /** The look whose marks were found to be outdated, and for whom. */
  private outdated: { look: Observation | undefined; keys: Set<string> } = {
    look: undefined,
    keys: new Set(),
  }

  /** The release of which something was confirmed already. */
  private underWay: string | undefined

  constructor(private readonly options: ReleaserOptions) {}

  async step(): Promise<Step> {
    const aggregate = this.next()
    if (!aggregate) return 'idle'
    const { parking, cursor, reader, windowMax: limit, windowBytesMax: bytesMax } = this.options
    // What is being kept at this moment must be among what is read.
    await cursor.settled()
    const isMarked = await reader.persist(() => parking.isMarked(aggregate))
    if (isMarked === undefined) return 'stopped'
    if (!isMarked) return this.skip(aggregate)
    const window = await reader.window(() => parking.read({ ...aggregate, after: 0, limit, bytesMax }))
    if (!window) return 'stopped'
    return (await this.publish(aggregate, window.messages)) ?? (await this.end(aggregate, window.full))
  }

  /** The first that is marked, or whose row an operator deleted. */
  private next(): AggregateKey | undefined {
    const { parked, status } = this.options
    const { observation: look } = status
    if (parked.isEmpty || !look) return undefined
    if (this.outdated.look !== look) this.outdated = { look, keys: new Set() }
    const seen = new Map<string, ParkedLook>(look.parked.map((found) => [keyOf(found), found]))
    return parked.all().find((aggregate) => {
      const key = keyOf(aggregate)
      return (seen.get(key)?.marked ?? true) && !this.outdated.keys.has(key)
    })
  }

  private skip(aggregate: AggregateKey): Step {
    this.underWay = undefined
    this.outdated.keys.add(keyOf(aggregate))
    return 'worked'
  }

  /** @returns undefined when all of `events` was published */
  private async publish(aggregate: AggregateKey, events: readonly EventMessage[]): Promise<Step | undefined> {
    if (events.length === 0) return undefined
    const { delivery, parking, lease, metrics, log, reader } = this.options
    const token = lease.token
    const course = new ReleaseCourse(this.underWay !== keyOf(aggregate), async (done) => {
      const { seq } = done.at(-1)!
      const isOurs = await reader.persist(() => parking.remove({ ...aggregate, token, seq }))
      if (isOurs === false) lease.lose()
      else metrics.released.inc(done.length)
      this.underWay = keyOf(aggregate)
    })
    const delivered = await delivery.deliver(events, course)
    if (delivered === 'stopped' || lease.lost.aborted) return 'stopped'
    if (delivered === 'refused') return 'worked'
    const reason = course.failure
    if (reason === undefined) return undefined
    const isOurs = await reader.persist(() => parking.parkAgain({ ...aggregate, token, reason }))
    if (isOurs !== true) return 'stopped'
    log.error('parked again', { aggregate: keyOf(aggregate), reason })
    return this.skip(aggregate)
  }

  private async end(aggregate: AggregateKey, isMoreThere: boolean): Promise<Step> {
    if (isMoreThere) return 'worked'
    const { parking, parked, reader, lease, metrics, log } = this.options
    const answer = await reader.persist(
      async () => (await parking.endRelease({ ...aggregate, token: lease.token })) ?? 'fenced',
    )
    if (answer === 'fenced') lease.lose()
    if (answer === undefined || answer === 'fenced') return 'stopped'
    if (!answer.ended) return 'worked'
    this.underWay = undefined
    parked.remove(aggregate)
    metrics.discarded.inc(answer.discarded ?? 0)
    log.info('released an aggregate', { aggregate: keyOf(aggregate), discarded: answer.discarded })
    return 'worked'
  }
}

/** The parked events of one aggregate: one that fails again ends its release. */
class ReleaseCourse implements Course {
  failure: string | undefined
  readonly mayPark = true

  constructor(
    readonly startsAlone: boolean,
    private readonly confirmed: (done: readonly EventMessage[]) => Promise<void>,
  ) {}

  get keepsNone(): boolean {
    return this.failure === undefined
  }

  keeps(): boolean {
    return this.failure !== undefined
  }

  park(_event: EventMessage, reason: string): void {
    this.failure = reason
  }

  async progressed(done: readonly EventMessage[]): Promise<void> {
    // After the failure everything is kept back, and stays parked.
    if (this.failure === undefined) await this.confirmed(done)
  }
}
