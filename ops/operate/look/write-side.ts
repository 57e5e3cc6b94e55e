import type { SQL } from 'bun'
import { refusal } from '../../../command/relay/guard.ts'
import { instantSql, observeSql } from '../../../command/relay/statements.ts'
import { readReplayStates, type ReplayState } from './replays.ts'

/** What PostgreSQL tells of the relay and its log. Cheap at any size: ends of indexes, never a count of the log. */
export interface WriteSide {
  /** As the server says it: `PostgreSQL 18.6`. */
  readonly version: string
  readonly relay: RelayState
  readonly backlog: { readonly events: number; readonly oldestMs: number }
  readonly log: LogState
  readonly parked: { readonly aggregates: number; readonly events: number }
  /** Those that are not over, and the last few that are. */
  readonly replays: readonly ReplayState[]
}

export interface RelayState {
  /** Undefined where nobody holds a valid lease. */
  readonly leader: string | undefined
  readonly token: number
  readonly leaseMs: number
  readonly paused: Paused | undefined
  /** Why a relay refuses to go on, as far as it can be seen from here. */
  readonly refusal: string | undefined
}

export interface Paused {
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  readonly reason: string
}

export interface LogState {
  readonly head: number
  readonly cursor: number
  /** Lowest `seq` that is still there; one above the head while the log is empty. */
  readonly floor: number
  readonly segments: number
  readonly segmentsAhead: number
  /** Whoever keeps segments from being dropped, the relay aside. */
  readonly readers: readonly { readonly name: string; readonly seq: number }[]
}

export async function readWriteSide(sql: SQL): Promise<WriteSide> {
  const [[version], [seen], cursors, [log], [parked], replays] = await Promise.all([
    sql.unsafe('SHOW server_version'),
    sql.unsafe(observeSql),
    sql.unsafe(cursorsSql),
    sql.unsafe(logSql),
    sql.unsafe(parkedSql),
    readReplayStates(sql),
  ])
  const relay = cursors.find(({ name }: { name: string }) => name === 'relay')
  const events = Math.max(0, seen.head - seen.cursor)
  return {
    version: `PostgreSQL ${String(version.server_version).split(' ', 1)[0]}`,
    relay: {
      leader: seen.leaseMs > 0 ? seen.owner : undefined,
      token: relay.token,
      leaseMs: Math.round(seen.leaseMs),
      paused: relay.paused_at
        ? { at: relay.paused_at, by: relay.paused_by, reason: relay.pause_reason }
        : undefined,
      refusal: refusal({ ...seen, cursorCluster: seen.cursorCluster ?? undefined }),
    },
    backlog: { events, oldestMs: events > 0 ? Math.round(seen.oldestAgeMs ?? 0) : 0 },
    log: {
      head: seen.head,
      cursor: seen.cursor,
      floor: log.floor ?? seen.head + 1,
      segments: log.segments,
      segmentsAhead: seen.segmentsAhead,
      readers: cursors
        .filter(({ name }: { name: string }) => name !== 'relay')
        .map(({ name, seq }: { name: string; seq: number }) => ({ name, seq })),
    },
    parked,
    replays,
  }
}

const cursorsSql = `
SELECT name, seq::float8 AS seq, token::float8 AS token, ${instantSql('paused_at')} AS paused_at, paused_by, pause_reason
FROM outbox_cursor ORDER BY name`

const logSql = `
SELECT (SELECT seq FROM outbox ORDER BY seq LIMIT 1)::float8 AS floor,
       (SELECT count(*) FROM outbox_segments)::float8 AS segments`

const parkedSql = `
SELECT (SELECT count(*) FROM outbox_parked_aggregates)::float8 AS aggregates,
       (SELECT coalesce(sum(events), 0) FROM outbox_parked_aggregates)::float8 AS events`
