import { correlationBytesMax, headersBytesMax, payloadBytesMax } from '../../shared/events/envelope.ts'
import { appendLockKey, segmentsLockKey } from '../outbox/log.ts'
import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/**
 * The append-only log. `nextval` runs outside MVCC, so sequence order alone is not commit order and a reader at
 * `seq > n` would lose rows; here all appends are serialised by one transaction-level advisory lock that a BEFORE
 * INSERT FOR EACH STATEMENT trigger takes before `nextval` is evaluated and that is held to the end of the commit.
 */
export const outboxMigration = (roles: Roles): string[] => [
  `
CREATE TABLE outbox (
  seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  id uuid NOT NULL,
  aggregatetype text NOT NULL,
  aggregateid text NOT NULL,
  type text NOT NULL,
  version integer NOT NULL,
  payload jsonb NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT outbox_version_positive CHECK (version > 0),
  CONSTRAINT outbox_type_named CHECK (octet_length(type) <= 128 AND type ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+[.]v[1-9][0-9]*$'),
  CONSTRAINT outbox_aggregate_named CHECK (
    aggregatetype = split_part(type, '.', 1) AND aggregateid = lower(aggregateid) AND octet_length(aggregateid) BETWEEN 1 AND 128),
  CONSTRAINT outbox_headers_object CHECK (jsonb_typeof(headers) = 'object'),
  CONSTRAINT outbox_envelope_size CHECK (octet_length(payload::text) <= ${payloadBytesMax}),
  CONSTRAINT outbox_headers_size CHECK (
    octet_length(headers::text) <= ${headersBytesMax}
    AND octet_length(headers ->> 'correlationid') <= ${correlationBytesMax}
    AND octet_length(headers ->> 'causationid') <= ${correlationBytesMax})
) PARTITION BY RANGE (seq)`,
  `COMMENT ON TABLE outbox IS 'Append-only log of events; seq order is commit order. Segments are its partitions.'`,
  `
CREATE FUNCTION outbox_append_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(${appendLockKey});
  RETURN NULL;
END $$`,
  ...appendLockTrigger('outbox'),
  `
CREATE VIEW outbox_segments AS
SELECT name, bounds[1]::bigint AS from_seq, bounds[2]::bigint AS to_seq
FROM (
  SELECT c.relname::text AS name,
         regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''?(\\d+)''?\\) TO \\(''?(\\d+)''?\\)') AS bounds
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'outbox'::regclass
) segments`,
  `COMMENT ON VIEW outbox_segments IS 'Segments of the outbox: from_seq (inclusive) to to_seq (exclusive)'`,
  // A segment is made stand-alone and then attached: CREATE … PARTITION OF would lock out appends behind one open
  // reader. The short lock_timeout makes a caller come back later instead of queueing in front of everybody.
  `
CREATE FUNCTION outbox_make_segments(ahead integer, segment_rows bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  made integer := 0;
  have integer;
  head bigint;
  low bigint;
  segment text;
BEGIN
  IF ahead NOT BETWEEN 1 AND 64 OR segment_rows < 100 THEN
    RAISE EXCEPTION 'outbox_make_segments: ahead must be 1 to 64 and segment_rows at least 100';
  END IF;
  IF NOT pg_try_advisory_xact_lock(${segmentsLockKey}) THEN
    RETURN 0;
  END IF;
  SELECT last_value INTO head FROM outbox_seq_seq;
  LOOP
    SELECT count(*) FILTER (WHERE from_seq > head), coalesce(max(to_seq), 1) INTO have, low FROM outbox_segments;
    EXIT WHEN have >= ahead;
    segment := 'outbox_s' || lpad(low::text, 15, '0');
    EXECUTE format(
      'CREATE TABLE %I (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE,
         CONSTRAINT outbox_segment_bounds CHECK (seq >= %s AND seq < %s))', segment, low, low + segment_rows);
    EXECUTE format('CREATE TRIGGER outbox_append_lock BEFORE INSERT ON %I FOR EACH STATEMENT EXECUTE FUNCTION outbox_append_lock()', segment);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER outbox_append_lock', segment);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', segment);
    EXECUTE format('ALTER TABLE outbox ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', segment, low, low + segment_rows);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT outbox_segment_bounds', segment);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$`,
  `REVOKE EXECUTE ON FUNCTION outbox_make_segments(integer, bigint) FROM PUBLIC`,
  `SELECT outbox_make_segments(3, 1000000)`,
  // One row a reader: the relay's place in the log, who holds it, until when (database time), and its fencing token.
  `
CREATE TABLE outbox_cursor (
  name text PRIMARY KEY,
  seq bigint NOT NULL DEFAULT 0,
  owner text,
  token bigint NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity',
  cluster text,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50)`,
  `COMMENT ON TABLE outbox_cursor IS 'Readers of the outbox: everything up to seq is done; segments behind all of them may be dropped'`,
  `INSERT INTO outbox_cursor (name) VALUES ('relay')`,
  `GRANT SELECT, INSERT ON outbox TO ${identifier(roles.command.name)}`,
  `GRANT SELECT ON outbox, outbox_segments TO ${identifier(roles.relay.name)}`,
  `GRANT SELECT ON SEQUENCE outbox_seq_seq TO ${identifier(roles.relay.name)}, ${identifier(roles.command.name)}`,
  `GRANT SELECT, UPDATE ON outbox_cursor TO ${identifier(roles.relay.name)}`,
  `GRANT EXECUTE ON FUNCTION outbox_make_segments(integer, bigint) TO ${identifier(roles.relay.name)}`,
]

/** ENABLE ALWAYS: `session_replication_role = replica` and logical replication would pass an ordinary trigger by. */
function appendLockTrigger(table: string): string[] {
  return [
    `CREATE TRIGGER outbox_append_lock BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION outbox_append_lock()`,
    `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER outbox_append_lock`,
  ]
}
