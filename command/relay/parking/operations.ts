import type { SQL } from 'bun'
import { instantSql } from '../statements.ts'
import type { Pause } from '../log-store.ts'
import type { AggregateKey } from './parked.ts'

/**
 * What an operator does about parked events and about the relay as a whole. Each function takes a connection with the
 * owner's rights, is one statement, and may be repeated; the active relay acts on it within about two seconds.
 */
export interface ParkedSummary extends AggregateKey {
  readonly reason: string
  /** Times are ISO 8601. */
  readonly parked_at: string
  /** How many events are kept back. */
  readonly events: number
  /** The event that could not be delivered. */
  readonly first_seq: number
  readonly discarded: number
  readonly release_requested_at: string | null
  readonly release_requested_by: string | null
}

/** Without the payload, which holds personal data. */
export interface ParkedEvent {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly version: number
  readonly occurred_at: string
  readonly parked_at: string
}

/** Every parked aggregate, the one parked first at the front. */
export async function listParked(sql: SQL): Promise<readonly ParkedSummary[]> {
  return [...(await sql.unsafe<ParkedSummary[]>(`${summarySql} ORDER BY parked_at`))]
}

/** One aggregate and its first `limit` events; undefined when it is not parked. */
export async function showParked(
  sql: SQL,
  { aggregatetype, aggregateid }: AggregateKey,
  { limit }: { limit: number },
): Promise<(ParkedSummary & { readonly first: readonly ParkedEvent[] }) | undefined> {
  const where = 'WHERE aggregatetype = $1 AND aggregateid = $2'
  const key = [aggregatetype, aggregateid]
  const [summary] = await sql.unsafe<ParkedSummary[]>(`${summarySql} ${where}`, key)
  if (!summary) return undefined
  const first = await sql.unsafe<ParkedEvent[]>(
    `SELECT seq::float8 AS seq, id, type, version,
            ${instantSql('occurred_at')} AS occurred_at, ${instantSql('parked_at')} AS parked_at
     FROM outbox_parked ${where} ORDER BY seq LIMIT $3`,
    [...key, limit],
  )
  return { ...summary, first: [...first] }
}

/**
 * Asks the active relay to publish what it kept back of an aggregate, in its order, and to go on with it. Where it
 * fails again it is parked again, with the new reason.
 * @returns false when it is not parked
 */
export async function requestRelease(
  sql: SQL,
  { aggregatetype, aggregateid }: AggregateKey,
  { by }: { by: string },
): Promise<boolean> {
  const marked = await sql`
    UPDATE outbox_parked_aggregates SET release_requested_at = clock_timestamp(), release_requested_by = ${by}
    WHERE aggregatetype = ${aggregatetype} AND aggregateid = ${aggregateid} RETURNING 1`
  return marked.length > 0
}

/**
 * Deletes the events that are kept back at this moment, for good, and marks a release of what comes after them: the
 * aggregate flows again. Where no later event comes, its readers stay at their state of before.
 * @returns how many were deleted; undefined when it is not parked
 */
export async function discardParked(
  sql: SQL,
  { aggregatetype, aggregateid }: AggregateKey,
  { by }: { by: string },
): Promise<number | undefined> {
  const [row] = await sql`
    WITH gone AS (
      DELETE FROM outbox_parked WHERE aggregatetype = ${aggregatetype} AND aggregateid = ${aggregateid} RETURNING 1
    ), counted AS (SELECT count(*) AS events FROM gone)
    UPDATE outbox_parked_aggregates a
    SET events = greatest(0, a.events - counted.events), discarded = a.discarded + counted.events,
        release_requested_at = clock_timestamp(), release_requested_by = ${by}
    FROM counted WHERE aggregatetype = ${aggregatetype} AND aggregateid = ${aggregateid}
    RETURNING counted.events::float8 AS discarded`
  return row?.discarded
}

/** The pause in force, if any. */
export async function currentPause(sql: SQL): Promise<Pause | undefined> {
  const [row] = await sql.unsafe<[Pause?]>(
    `SELECT ${instantSql('paused_at')} AS since, paused_by AS by, pause_reason AS reason
     FROM outbox_cursor WHERE name = 'relay' AND paused_at IS NOT NULL`,
  )
  return row
}

/**
 * From now on, also across restarts, the relay publishes nothing but heartbeats, until `resumeRelay`.
 * @returns false when it is paused already: that pause stays as it is
 */
export async function pauseRelay(sql: SQL, { by, reason }: { by: string; reason: string }): Promise<boolean> {
  const paused = await sql`
    UPDATE outbox_cursor SET paused_at = clock_timestamp(), paused_by = ${by}, pause_reason = ${reason}
    WHERE name = 'relay' AND paused_at IS NULL RETURNING 1`
  return paused.length > 0
}

/** @returns false when it is not paused */
export async function resumeRelay(sql: SQL): Promise<boolean> {
  const resumed = await sql`
    UPDATE outbox_cursor SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
    WHERE name = 'relay' AND paused_at IS NOT NULL RETURNING 1`
  return resumed.length > 0
}

const summarySql = `
SELECT aggregatetype, aggregateid, reason, ${instantSql('parked_at')} AS parked_at, events::float8 AS events,
       first_seq::float8 AS first_seq, discarded::float8 AS discarded,
       ${instantSql('release_requested_at')} AS release_requested_at, release_requested_by
FROM outbox_parked_aggregates`
