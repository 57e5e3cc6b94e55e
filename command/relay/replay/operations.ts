import type { SQL } from 'bun'
import type { ReplayScope } from '../../../shared/messaging/replay.ts'
import { instantSql } from '../statements.ts'

/**
 * What an operator sees of replays, and does about them. Each function takes a connection with the owner's rights, is
 * one statement, and may be repeated. To ask for a replay: `requestReplay` in `shared/messaging`.
 */
export interface ReplaySummary {
  readonly id: string
  readonly group: string
  readonly aggregate: string
  readonly partitions: number
  /** Null for all of them. */
  readonly only: readonly number[] | null
  readonly scope: ReplayScope
  readonly reason: string
  readonly requested_by: string
  /** Times are ISO 8601. */
  readonly requested_at: string
  readonly accepted_at: string
  readonly started_at: string | null
  readonly phase: 'waiting' | 'snapshot' | 'log' | 'markers' | 'done' | 'failed'
  /** Last id of the state or last seq of the log that was confirmed, about half a second ago. */
  readonly position: string | null
  /** Head of the log as it began. */
  readonly head: number | null
  /** Messages confirmed, markers apart; those of requests that are served together count for each. */
  readonly sent: number
  readonly finished_at: string | null
  readonly error: string | null
}

/** Those that are not finished, oldest first, then the last `finished` that are, newest first. */
export async function listReplays(
  sql: SQL,
  { finished }: { finished: number },
): Promise<readonly ReplaySummary[]> {
  const open = await sql.unsafe<Row[]>(`${summarySql} WHERE ${isOpen} ORDER BY accepted_at, id`)
  const over = await sql.unsafe<Row[]>(
    `${summarySql} WHERE NOT (${isOpen}) ORDER BY finished_at DESC, id LIMIT $1`,
    [finished],
  )
  return [...open, ...over].map(summaryOf)
}

/** Undefined while no relay has taken the request from its queue, and for an id that nobody asked with. */
export async function showReplay(sql: SQL, id: string): Promise<ReplaySummary | undefined> {
  const [row] = await sql.unsafe<Row[]>(`${summarySql} WHERE id = $1::uuid`, [id])
  return row && summaryOf(row)
}

/**
 * Ends a replay; the active relay sees it within a second, and the log is no longer kept for it. What was sent is not
 * called back, and does no harm. The group asks again by itself while it lacks events.
 * @param by who, for those who look at it later
 * @returns false when it is finished already, or not there
 */
export async function cancelReplay(sql: SQL, { id, by }: { id: string; by: string }): Promise<boolean> {
  const cancelled = await sql.unsafe<unknown[]>(
    `WITH cancelled AS (
       UPDATE outbox_replays SET phase = 'failed', finished_at = clock_timestamp(), error = 'cancelled by ' || $2::text
       WHERE id = $1::uuid AND ${isOpen} RETURNING id
     )
     SELECT outbox_replay_over(id) FROM cancelled`,
    [id, by],
  )
  return cancelled.length === 1
}

const isOpen = `phase NOT IN ('done', 'failed')`

const summarySql = `
SELECT id::text AS id, consumer_group AS "group", aggregate, partitions, to_json(only_partitions)::text AS only,
       scope::text AS scope, reason, requested_by, phase, position, head::float8 AS head, sent::float8 AS sent, error,
       ${['requested_at', 'accepted_at', 'started_at', 'finished_at'].map((at) => `${instantSql(at)} AS ${at}`).join(', ')}
FROM outbox_replays`

type Row = Omit<ReplaySummary, 'only' | 'scope'> & { readonly only: string | null; readonly scope: string }

const summaryOf = ({ only, scope, ...rest }: Row): ReplaySummary => ({
  ...rest,
  only: only === null ? null : JSON.parse(only),
  scope: JSON.parse(scope),
})
