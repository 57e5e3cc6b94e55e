/**
 * The relay's SQL. Numbers are read as `float8`, which is exact up to 2^53: the driver gives `int8` as text. Time is
 * the database's `clock_timestamp()` throughout: relays need not agree about clocks, and `now()` is the
 * transaction's start.
 */

/** ISO 8601, as in the envelope. */
export const instantSql = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** A row of the log as {@link OutboxRecord}: JSON as text, so that nothing is parsed on the way. */
export const recordColumns = `seq::float8 AS seq, id::text AS id, aggregatetype, aggregateid, type, version,
       payload::text AS payload, headers::text AS headers,
       ${instantSql('occurred_at')} AS occurred_at`

/**
 * A batch of events as the relay reads them; $3 is a bound in bytes. Size is as stored, so that no payload outside the
 * batch is decompressed. A bare `seq` in the last line would mean the converted column, and sort the batch again.
 * @param rows what follows FROM, ordered by seq and limited
 */
export const batchSql = (rows: string) => `
SELECT ${recordColumns},
       bytes::float8 AS bytes
FROM (
  SELECT *, sum(pg_column_size(payload)) OVER (ORDER BY seq) AS bytes
  FROM ${rows}
) batch
WHERE bytes - pg_column_size(payload) < $3
ORDER BY batch.seq`

/**
 * $1 after, $2 limit, $3 bytes. `seq` order is commit order because appends are serialised (`command/migrations`);
 * without that, a row that commits late would be skipped for good.
 */
export const readSql = batchSql('outbox WHERE seq > $1 ORDER BY seq LIMIT $2')

const leaseMs = `CASE WHEN owner IS NOT NULL AND isfinite(expires_at)
  THEN greatest(0, extract(epoch FROM expires_at - clock_timestamp()) * 1000) ELSE 0 END::float8`

export const holderSql = `SELECT owner, ${leaseMs} AS lease_ms FROM outbox_cursor WHERE name = 'relay'`

/** Identifier and timeline: a restore changes the first or the second, a failover the second. */
const clusterSql = `(SELECT system_identifier::text FROM pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8)`

/** $1 owner, $2 time to live. A loser of the race finds the expiry moved when it gets the row's lock. */
export const acquireSql = `
UPDATE outbox_cursor
SET owner = $1, token = token + 1, cluster = coalesce(cluster, ${clusterSql}),
    expires_at = clock_timestamp() + $2::float8 * interval '1 millisecond', updated_at = clock_timestamp()
WHERE name = 'relay' AND (owner IS NULL OR owner = $1 OR expires_at <= clock_timestamp())
RETURNING seq::float8 AS seq, token::float8 AS token`

/** $1 token, $2 time to live */
export const renewSql = `
UPDATE outbox_cursor
SET expires_at = clock_timestamp() + $2::float8 * interval '1 millisecond', updated_at = clock_timestamp()
WHERE name = 'relay' AND token = $1
RETURNING 1`

/** $1 token, $2 seq, $3 time to live. A move that was given up and arrives late must not take the cursor back. */
export const moveSql = `
UPDATE outbox_cursor
SET seq = greatest(seq, $2),
    expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond', updated_at = clock_timestamp()
WHERE name = 'relay' AND token = $1
RETURNING 1`

/** $1 token */
export const releaseSql = `
UPDATE outbox_cursor SET owner = NULL, expires_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE name = 'relay' AND token = $1
RETURNING 1`

/** Cheap at any size: both ends of an index, never a count. */
export const observeSql = `
SELECT coalesce((SELECT seq FROM outbox ORDER BY seq DESC LIMIT 1), 0)::float8 AS head,
       (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM outbox_seq_seq)::float8 AS sequence,
       c.seq::float8 AS cursor, c.owner, ${leaseMs} AS "leaseMs",
       (SELECT extract(epoch FROM clock_timestamp() - o.occurred_at) * 1000 FROM outbox o
        WHERE o.seq > c.seq ORDER BY o.seq LIMIT 1)::float8 AS "oldestAgeMs",
       s.ahead::float8 AS "segmentsAhead", s.total::float8 AS "segments", s.floor::float8 AS "floorSeq",
       ${clusterSql} AS cluster, c.cluster AS "cursorCluster",
       CASE WHEN c.paused_at IS NOT NULL THEN json_build_object(
         'since', ${instantSql('c.paused_at')}, 'by', c.paused_by, 'reason', c.pause_reason) END AS paused,
       (SELECT coalesce(json_agg(json_build_object(
          'aggregatetype', aggregatetype, 'aggregateid', aggregateid, 'reason', reason, 'events', events,
          'marked', release_requested_at IS NOT NULL) ORDER BY parked_at), '[]')
        FROM outbox_parked_aggregates) AS parked
FROM outbox_cursor c, (
  SELECT count(*) AS total, count(*) FILTER (WHERE from_seq > last_value) AS ahead, coalesce(min(from_seq), 1) AS floor
  FROM outbox_segments, outbox_seq_seq
) s
WHERE c.name = 'relay'`
