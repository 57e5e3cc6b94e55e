import type { OutboxRecord } from '../../shared/events/envelope.ts'
import type { AggregateKey, Kept } from './parking/parked.ts'

/**
 * The relay's side of the outbox: the log, read only, and one row that holds cursor, owner, fencing token and expiry.
 *
 * Contract: every method is one transaction and may be called concurrently with the others. A rejection means that
 * the outcome is unknown (the statement may have run); each method may be repeated by whoever called it, because a
 * repeated read is harmless, a cursor never goes back, and a token fences whoever is late. Nothing is retried inside.
 */
export interface LogStore {
  /** The rows after `after` in commit order, bounded by count and by stored size; empty at the head of the log. */
  read(request: ReadRequest): Promise<LogBatch>
  /** Takes the lease when it is free, expired (by the database's clock) or already the owner's. */
  acquire(request: { owner: string; ttlMs: number }): Promise<Acquired | HeldByOther>
  /** @returns false when the token is no longer the valid one: the lease is somebody else's, for good */
  renew(request: { token: number; ttlMs: number }): Promise<boolean>
  /**
   * Moves the cursor forward to `seq` and renews the lease in the same statement; false as in `renew`. What of the
   * events on the way is `kept` back is copied to the parked ones in that same transaction.
   */
  moveCursor(request: {
    token: number
    seq: number
    ttlMs: number
    kept?: Kept | undefined
  }): Promise<boolean>
  /** Gives the lease back and tells the relays that stand by; does nothing when the token is no longer valid. */
  release(request: { token: number }): Promise<void>
  /** A look at the whole: for health, metrics, heartbeats and the guard. */
  observe(): Promise<Observation>
  /** Makes segments until `ahead` are unused; gives up after a short lock time-out. @returns how many were made */
  makeSegments(request: { ahead: number; segmentRows: number }): Promise<number>
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
}

export interface ReadRequest {
  readonly after: number
  readonly limit: number
  /** Stored bytes of payload after which a batch ends; one row always fits. */
  readonly bytesMax: number
}

export interface LogBatch {
  readonly rows: readonly OutboxRecord[]
  /** A bound was reached: more is very likely there, so do not nap. */
  readonly full: boolean
}

export interface Acquired {
  readonly acquired: true
  /** Fencing token, one more at each acquisition. */
  readonly token: number
  /** Everything up to here was confirmed by the broker to whoever held the lease before. */
  readonly cursor: number
}

export interface HeldByOther {
  readonly acquired: false
  readonly owner: string
  /** Milliseconds until the lease expires unless it is renewed. */
  readonly expiresInMs: number
}

export interface Observation {
  /** Highest `seq` in the log, 0 while it is empty. */
  readonly head: number
  /** Last value of the log's sequence, 0 before the first. */
  readonly sequence: number
  readonly cursor: number
  readonly owner: string | undefined
  /** Milliseconds the lease is valid for, 0 when it is not. */
  readonly leaseMs: number
  /** Age of the first row after the cursor, undefined when there is none. */
  readonly oldestAgeMs: number | undefined
  readonly segmentsAhead: number
  readonly segments: number
  /** Lowest `seq` that the log can still hold: what was below it has been dropped. */
  readonly floorSeq: number
  /** An operator's pause; null while there is none. */
  readonly paused: Pause | null
  /** Aggregates whose events are kept back, the one parked first at the front. */
  readonly parked: readonly ParkedLook[]
  /** Cluster's identifier and timeline: now, and as the cursor row has it from the first acquisition. */
  readonly cluster: string
  readonly cursorCluster: string | undefined
}

export interface Pause {
  /** ISO 8601 */
  readonly since: string
  readonly by: string
  readonly reason: string
}

export interface ParkedLook extends AggregateKey {
  readonly reason: string
  readonly events: number
  /** An operator asked for a release. */
  readonly marked: boolean
}

/** The migrations have not run (yet): waited for like a database that is away, and told apart in health. */
export class SchemaMissingError extends Error {
  override readonly name = 'SchemaMissingError'
}
