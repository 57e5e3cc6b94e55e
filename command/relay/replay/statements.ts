import { identifier } from '../../sql.ts'
import { instantSql, recordColumns } from '../statements.ts'

/**
 * The SQL of replays. Numbers are read as `float8`, which is exact up to 2^53: the driver gives `int8` as text. Lists
 * travel as JSON text.
 */

/** $1 id … $10 error: given only where the request is refused. With each that is new, old ones are forgotten. */
export const addSql = `
WITH added AS (INSERT INTO outbox_replays (id, consumer_group, aggregate, partitions, only_partitions, scope, reason, requested_by, requested_at, phase, finished_at, error)
SELECT $1::uuid, $2, $3, $4::int, (SELECT array_agg(p::int) FROM jsonb_array_elements_text(nullif($5::text::jsonb, 'null')) p),
       $6::text::jsonb, $7, $8, $9::timestamptz,
       CASE WHEN $10::text IS NULL THEN 'waiting' ELSE 'failed' END,
       CASE WHEN $10::text IS NULL THEN NULL ELSE clock_timestamp() END, $10::text
ON CONFLICT (id) DO NOTHING
RETURNING id)
SELECT id, outbox_forget_replays() FROM added`

export const openSql = `
SELECT r.id::text AS id, consumer_group AS "group", aggregate, partitions, to_json(only_partitions)::text AS only,
       scope::text AS scope, phase, position, head::float8 AS head, sent::float8 AS sent, c.seq::float8 AS "logAfter"
FROM outbox_replays r LEFT JOIN outbox_cursor c ON c.name = 'replay:' || r.id
WHERE phase NOT IN ('done', 'failed')
ORDER BY accepted_at, r.id LIMIT 1000`

/** Nobody takes the lease while the statement runs: a taker waits for its end, or has changed the token already. */
const fence = `fence AS MATERIALIZED (SELECT FROM outbox_cursor WHERE name = 'relay' AND token = $1 FOR SHARE)`
const idList = `(SELECT i::uuid FROM jsonb_array_elements_text($2::text::jsonb) i)`
const stillMine = `outbox_replays.id IN ${idList} AND outbox_replays.phase NOT IN ('done', 'failed') AND EXISTS (SELECT FROM fence)`

/** Is the token the valid one, and which of the replays are still open? */
const held = `EXISTS (SELECT FROM fence) AS held`
const idsOf = (rows: string) => `coalesce((SELECT json_agg(id) FROM ${rows}), '[]')::text AS ids`

/** With an empty log, everything before the next row was dropped, or never was. */
const floorSql = `coalesce((SELECT seq FROM outbox ORDER BY seq LIMIT 1),
  (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM outbox_seq_seq))`

/** $1 token, $2 ids, $3 from */
export const beginSql = `
WITH ${fence}, log AS MATERIALIZED (
  SELECT ${floorSql} - 1 AS floor, coalesce((SELECT seq FROM outbox ORDER BY seq DESC LIMIT 1), 0) AS head
), start AS MATERIALIZED (
  SELECT head, CASE WHEN $3::bigint >= floor THEN $3::bigint ELSE floor END AS after,
         CASE WHEN $3::bigint >= floor THEN 'log' ELSE 'snapshot' END AS phase
  FROM log
), begun AS (
  UPDATE outbox_replays SET phase = start.phase, head = start.head, started_at = coalesce(started_at, clock_timestamp()),
         position = CASE WHEN start.phase = 'log' THEN after::text END
  FROM start WHERE ${stillMine} RETURNING outbox_replays.id
)
SELECT start.phase, start.head::float8 AS head, after::float8 AS "logAfter", ${held}, ${idsOf('begun')},
       (SELECT count(outbox_keep_for_replay(id, after)) FROM begun)
FROM start`

/** $1 token, $2 ids, $3 phase, $4 position, $5 sent, $6 the position where it is one in the log. The log behind a reader that has passed may be dropped. */
export const advanceSql = `
WITH ${fence}, moved AS (
  UPDATE outbox_replays SET phase = $3, position = $4, sent = $5::bigint WHERE ${stillMine} RETURNING id
), reader AS (
  UPDATE outbox_cursor c SET seq = $6::bigint, updated_at = clock_timestamp()
  FROM moved WHERE c.name = 'replay:' || moved.id AND $6::bigint IS NOT NULL
)
SELECT ${held}, ${idsOf('moved')}`

/** $1 token, $2 ids, $3 sent, $4 error */
export const finishSql = `
WITH ${fence}, ended AS (
  UPDATE outbox_replays SET phase = CASE WHEN $4::text IS NULL THEN 'done' ELSE 'failed' END, sent = $3::bigint,
         finished_at = clock_timestamp(), error = $4
  WHERE ${stillMine} RETURNING id
)
SELECT outbox_replay_over(id) FROM ended`

/** $1 table. @throws 42P01 where it is missing */
export const instantsSql = `
SELECT attname::text AS name FROM pg_attribute
WHERE attrelid = $1::text::regclass AND atttypid = 'timestamptz'::regtype AND attnum > 0 AND NOT attisdropped`

/**
 * $1 limit, $2 bytes, then the last id and the array of ids where there are any. One statement, so that row and head
 * are of one moment: the row holds every event up to that head.
 */
export function stateSql(table: string, { after, ids }: { after: boolean; ids: boolean }): string {
  const conditions = [...(after ? ['id > $3'] : []), ...(ids ? [`id = ANY ($${after ? 4 : 3})`] : [])]
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  return `
WITH head AS MATERIALIZED (
  SELECT coalesce((SELECT seq FROM outbox ORDER BY seq DESC LIMIT 1), 0)::float8 AS seq, clock_timestamp() AS at
), batch AS MATERIALIZED (
  SELECT id, row_to_json(t)::text AS json FROM ${identifier(table)} t ${where} ORDER BY id LIMIT $1
), sized AS (
  SELECT id, json, sum(octet_length(json)) OVER (ORDER BY id) - octet_length(json) AS before FROM batch
)
SELECT sized.id::text AS id, json, head.seq AS head,
       ${instantSql('head.at')} AS "readAt"
FROM sized, head WHERE before < $2 ORDER BY sized.id`
}

/**
 * $1 after, $2 up to, $3 limit, $4 bytes, $5 aggregate, $6 ids or null. A row at least, to say how far it looked and
 * where the log begins.
 */
export const logSql = `
WITH batch AS MATERIALIZED (
  SELECT *, sum(pg_column_size(payload)) OVER (ORDER BY seq) - pg_column_size(payload) AS before
  FROM outbox WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3
), looked AS MATERIALIZED (SELECT * FROM batch WHERE before < $4)
SELECT bounds.*, found.*
FROM (SELECT coalesce((SELECT max(seq) FROM looked), $2)::float8 AS through, (${floorSql})::float8 AS floor) bounds
LEFT JOIN (
  SELECT ${recordColumns}
  FROM looked
  WHERE aggregatetype = $5
    AND ($6::text IS NULL OR aggregateid IN (SELECT jsonb_array_elements_text($6::text::jsonb)))
) found ON true
ORDER BY found.seq`
