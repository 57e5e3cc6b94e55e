import type { Fate } from '../../command/relay/publisher.ts'

/**
 * What happened in one run, as four independent witnesses have it: the client, PostgreSQL, the record of publishes that
 * the harness keeps around the relay's publisher, and the store. Beside them what was seen of the processes. The checker
 * needs nothing else. Times are milliseconds of one clock, that of the harness.
 */
export interface History {
  readonly writes: readonly Write[]
  readonly probes: readonly Probe[]
  /** Reads that were not answered by 200 or 404. */
  readonly failedProbes: readonly FailedProbe[]
  readonly rows: readonly Row[]
  /** The outbox, in the order of `seq`. */
  readonly log: readonly LogEvent[]
  readonly publishes: readonly PublishCall[]
  /** What the read side had to ask for once more, beside what it asks for when it is new. */
  readonly replays: readonly ReplayAsked[]
  readonly documents: readonly StoredUser[]
  /** Of the history, one for each version of each user; undefined for a system that keeps none. */
  readonly versions?: readonly StoredUser[] | undefined
  readonly convergence: Convergence
  readonly ends: readonly ProcessEnd[]
  readonly looks: readonly Look[]
  readonly expectations: readonly Expectation[]
  /** Most events that a relay publishes as one window. */
  readonly windowMax: number
}

/** Something that the client wanted once, however often it was sent. */
export interface Write {
  /** Marks the write: every event of it says `w<n>` in its first name, so that event and write find each other. */
  readonly n: number
  readonly kind: 'create' | 'replace' | 'remove'
  /** Of the user; for a create only known from its answer. */
  readonly id?: string
  readonly email?: string
  /** All attempts had the same Idempotency-Key. */
  readonly hasKey?: boolean
  readonly attempts: readonly Attempt[]
}

export interface Attempt {
  readonly startedMs: number
  readonly endedMs: number
  /** The process it was sent to. */
  readonly to: string
  /** 0 when nobody answered within the client's patience. */
  readonly status: number
  /** The key is in use elsewhere: an answer that decides nothing. */
  readonly isUndecided?: boolean
  /** The answer of an earlier attempt with the same key. */
  readonly isReplayed?: boolean
  /** Of a 2xx. */
  readonly id?: string
  readonly version?: number
}

/** One read of one user. */
export interface Probe {
  /** Who was asked: a query process of one life, or the store itself. */
  readonly by: string
  readonly id: string
  readonly startedMs: number
  readonly endedMs: number
  /** `absent` before it was written and after it was removed. */
  readonly seen: number | 'absent'
}

export interface FailedProbe {
  readonly by: string
  readonly startedMs: number
  readonly status: number
}

export interface UserData {
  readonly id: string
  readonly first_name: string
  readonly last_name: string
  readonly email: string
  readonly created_at: string
  readonly updated_at: string
}

export interface Row extends UserData {
  readonly version: number
}

export interface LogEvent {
  readonly seq: number
  readonly id: string
  readonly aggregateId: string
  readonly type: string
  readonly version: number
  readonly data: Partial<UserData>
  readonly occurredAt: string
}

/** One window handed to the publisher, heartbeats and probes left out. */
export interface PublishCall {
  readonly relay: string
  /** Fencing token of the lease it was published under. */
  readonly term: number
  /** Counted by each relay. */
  readonly call: number
  readonly atMs: number
  /** Of the events. */
  readonly ids: readonly string[]
  /** One for each id; undefined when the process ended before it knew. */
  readonly fates?: readonly Fate[]
}

export interface ReplayAsked {
  readonly reason: string
  readonly phase: string
  /** The fault took events from the group's queues: a replay is what must come of it. */
  readonly isExpected: boolean
}

/** A document as the store has it: a tombstone has neither names nor e-mail. */
export interface StoredUser {
  readonly _id: string
  readonly version: number
  readonly deleted_at?: string
  readonly [field: string]: unknown
}

export interface Convergence {
  /** When the last fault was healed or the load ended, whichever came later. */
  readonly healedMs: number
  /** When everything agreed; undefined when it did not within the limit. */
  readonly agreedMs?: number
  readonly limitMs: number
  readonly backlogEvents: number
  /** Messages that nobody took, by queue, where there are any. */
  readonly queued: Readonly<Record<string, number>>
}

export interface ProcessEnd {
  readonly process: string
  readonly atMs: number
  readonly code: string
  /** By whom: `us` killed or stopped it, `itself` is a finding. */
  readonly by: 'us' | 'itself'
}

/** How a process looked from outside. A status of 0 means no answer. */
export interface Look {
  readonly atMs: number
  readonly process: string
  readonly ready: number
  readonly pipeline: number
  readonly residentMb?: number
  readonly backlogEvents?: number
  readonly lagSeconds?: number
}

/** What a fault must (or must not) do to what can be seen from outside. */
export type Expectation =
  /** The question is answered red within `withinMs`. */
  | {
      readonly kind: 'red'
      readonly process: string
      readonly question: Question
      readonly fromMs: number
      readonly withinMs: number
    }
  /** The question is answered 200 by everyone all the time. */
  | {
      readonly kind: 'green'
      readonly process: string
      readonly question: Question
      readonly fromMs: number
      readonly untilMs: number
    }
  /** Of the writes (or reads) begun in that time, at least this part is answered as it should. */
  | {
      readonly kind: 'served'
      readonly what: 'writes' | 'reads'
      readonly fromMs: number
      readonly untilMs: number
      readonly part: number
    }
  /** Every write begun in that time is answered within so long, whatever the answer. */
  | {
      readonly kind: 'answered'
      readonly fromMs: number
      readonly untilMs: number
      readonly withinMs: number
    }
  /** No look may show more. */
  | { readonly kind: 'bounded'; readonly what: 'residentMb' | 'backlogEvents'; readonly max: number }
  /** A fact that the fault's own script found out. */
  | {
      readonly kind: 'fact'
      readonly invariant: InvariantName
      readonly text: string
      readonly holds: boolean
    }

export type Question = 'ready' | 'pipeline'

export const invariantNames = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10'] as const
export type InvariantName = (typeof invariantNames)[number]

export const invariantTitles: Readonly<Record<InvariantName, string>> = {
  I1: 'no loss',
  I2: 'no skip',
  I3: 'no ghost',
  I4: 'exactly-once effect',
  I5: 'order',
  I6: 'convergence',
  I7: 'bounded duplicates',
  I8: 'uniqueness',
  I9: 'liveness and honesty',
  I10: 'bounded resources',
}
