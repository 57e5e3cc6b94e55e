import { batchSql } from '../statements.ts'

/** Each is one statement, hence one transaction, and does nothing when the token in $1 is not the valid one. */
const held = `held AS (SELECT seq AS was FROM outbox_cursor WHERE name = 'relay' AND token = $1 FOR UPDATE)`

/**
 * $1 token, $2 seq, $3 time to live, $4 the seqs to keep, $5 the aggregates as JSON. A statement that was given up and
 * arrives late finds the cursor beyond its events, and must not bring back what was released meanwhile.
 */
export const keepSql = `
WITH ${held}, moved AS (
  UPDATE outbox_cursor
  SET seq = greatest(seq, $2),
      expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond', updated_at = clock_timestamp()
  FROM held WHERE name = 'relay' AND token = $1
  RETURNING 1
), kept AS (
  INSERT INTO outbox_parked (seq, id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
  SELECT o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.version, o.payload, o.headers, o.occurred_at
  FROM outbox o, held WHERE o.seq = ANY ($4::text::bigint[]) AND o.seq > held.was
  ON CONFLICT (seq) DO NOTHING
  RETURNING seq, aggregatetype, aggregateid
), named AS (
  INSERT INTO outbox_parked_aggregates AS a (aggregatetype, aggregateid, reason, first_seq, events)
  SELECT k.aggregatetype, k.aggregateid, min(r.reason), min(k.seq), count(*)
  FROM kept k JOIN json_to_recordset($5::text::json) AS r (aggregatetype text, aggregateid text, reason text)
    ON r.aggregatetype = k.aggregatetype AND r.aggregateid = k.aggregateid
  GROUP BY 1, 2
  ON CONFLICT (aggregatetype, aggregateid) DO UPDATE SET events = a.events + excluded.events
)
SELECT 1 FROM moved`

export const parkedAggregatesSql = `SELECT aggregatetype, aggregateid, reason FROM outbox_parked_aggregates`

/** $1 type, $2 id. No row: an operator deleted it, who wants the aggregate to flow. */
export const isMarkedSql = `
SELECT release_requested_at IS NOT NULL AS marked FROM outbox_parked_aggregates
WHERE aggregatetype = $1 AND aggregateid = $2`

/** $1 after, $2 limit, $3 bytes, $4 type, $5 id */
export const readParkedSql = batchSql(
  'outbox_parked WHERE seq > $1 AND aggregatetype = $4 AND aggregateid = $5 ORDER BY seq LIMIT $2',
)

/** $1 token, $2 type, $3 id, $4 the last seq that was confirmed */
export const deleteParkedSql = `
WITH ${held}, gone AS (
  DELETE FROM outbox_parked p USING held WHERE p.aggregatetype = $2 AND p.aggregateid = $3 AND p.seq <= $4
  RETURNING 1
), counted AS (
  UPDATE outbox_parked_aggregates SET events = greatest(0, events - (SELECT count(*) FROM gone))
  FROM held WHERE aggregatetype = $2 AND aggregateid = $3
)
SELECT 1 FROM held`

/** $1 token, $2 type, $3 id. Only where nothing of it is left; `discarded` is null where the row was not there. */
export const endReleaseSql = `
WITH ${held}, rest AS (
  SELECT EXISTS (SELECT FROM outbox_parked WHERE aggregatetype = $2 AND aggregateid = $3) AS found
), ended AS (
  DELETE FROM outbox_parked_aggregates a USING held, rest
  WHERE a.aggregatetype = $2 AND a.aggregateid = $3 AND NOT rest.found
  RETURNING a.discarded
)
SELECT NOT rest.found AS ended, (SELECT discarded::float8 FROM ended) AS discarded FROM held, rest`

/** $1 token, $2 type, $3 id, $4 reason */
export const parkAgainSql = `
WITH ${held}, parked AS (
  UPDATE outbox_parked_aggregates
  SET reason = $4, parked_at = clock_timestamp(), release_requested_at = NULL, release_requested_by = NULL
  FROM held WHERE aggregatetype = $2 AND aggregateid = $3
)
SELECT 1 FROM held`
