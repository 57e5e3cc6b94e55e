import type { EventMessage } from '../window.ts'

/** An aggregate whose events are kept back, and why. Names as in the log. */
export interface ParkedAggregate extends AggregateKey {
  readonly reason: string
}

export interface AggregateKey {
  readonly aggregatetype: string
  readonly aggregateid: string
}

/** Rows that go to the parked ones in the transaction that moves the cursor over them. */
export interface Kept {
  readonly seqs: readonly number[]
  /** For those that are not parked yet. */
  readonly aggregates: readonly ParkedAggregate[]
}

/**
 * The aggregates that are parked, as the active relay knows them: loaded at the start of a term, and changed by nobody
 * but the term's own loop, so that it never lags behind what was decided. Operators mark, they do not change it.
 */
export class ParkedAggregates {
  private readonly byKey: Map<string, ParkedAggregate>

  constructor(
    loaded: readonly ParkedAggregate[],
    /** So many are a fault of the system and not of events. */
    private readonly countMax: number,
  ) {
    this.byKey = new Map(loaded.map((aggregate) => [keyOf(aggregate), aggregate]))
  }

  get isEmpty(): boolean {
    return this.byKey.size === 0
  }

  get isFull(): boolean {
    return this.byKey.size >= this.countMax
  }

  all(): readonly AggregateKey[] {
    return [...this.byKey.values()]
  }

  has(event: EventMessage): boolean {
    return this.byKey.size > 0 && this.byKey.has(keyOfEvent(event))
  }

  add(event: EventMessage, reason: string): void {
    const { aggregate: aggregatetype, aggregateId: aggregateid } = event
    this.byKey.set(keyOfEvent(event), { aggregatetype, aggregateid, reason })
  }

  remove(aggregate: AggregateKey): void {
    this.byKey.delete(keyOf(aggregate))
  }

  /** What of `events`, in order, is kept back; undefined when nothing is. */
  kept(events: readonly EventMessage[]): Kept | undefined {
    if (this.isEmpty) return undefined
    const kept = events.filter((event) => this.has(event))
    if (kept.length === 0) return undefined
    const keys = new Set(kept.map(keyOfEvent))
    return { seqs: kept.map(({ seq }) => seq), aggregates: [...keys].map((key) => this.byKey.get(key)!) }
  }
}

export const keyOf = ({ aggregatetype, aggregateid }: AggregateKey) => `${aggregatetype}/${aggregateid}`
export const keyOfEvent = ({ aggregate, aggregateId }: EventMessage) => `${aggregate}/${aggregateId}`
