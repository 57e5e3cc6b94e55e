import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/**
 * What the relay keeps back of an aggregate whose event cannot be delivered, and the switch by which an operator
 * stops publishing. The relay alone inserts, fenced by its token; an operator marks a release, or deletes events and
 * marks what is left.
 */
export const parkingMigration = (roles: Roles): string[] => [
  `
ALTER TABLE outbox_cursor
  ADD COLUMN paused_at timestamptz,
  ADD COLUMN paused_by text,
  ADD COLUMN pause_reason text`,
  `
CREATE TABLE outbox_parked_aggregates (
  aggregatetype text NOT NULL,
  aggregateid text NOT NULL,
  reason text NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  first_seq bigint NOT NULL,
  events bigint NOT NULL DEFAULT 0,
  discarded bigint NOT NULL DEFAULT 0,
  release_requested_at timestamptz,
  release_requested_by text,
  PRIMARY KEY (aggregatetype, aggregateid)
)`,
  `COMMENT ON TABLE outbox_parked_aggregates IS 'Aggregates whose events are kept back; events: how many rows of outbox_parked are theirs'`,
  `
CREATE TABLE outbox_parked (
  seq bigint PRIMARY KEY,
  id uuid NOT NULL,
  aggregatetype text NOT NULL,
  aggregateid text NOT NULL,
  type text NOT NULL,
  version integer NOT NULL,
  payload jsonb NOT NULL,
  headers jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
  `COMMENT ON TABLE outbox_parked IS 'Copies of events that were read from the outbox and not published: they hold up no segment'`,
  `CREATE INDEX outbox_parked_by_aggregate ON outbox_parked (aggregatetype, aggregateid, seq)`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON outbox_parked_aggregates TO ${identifier(roles.relay.name)}`,
  `GRANT SELECT, INSERT, DELETE ON outbox_parked TO ${identifier(roles.relay.name)}`,
  // A segment whose detaching was begun is invisible to readers already.
  `
CREATE OR REPLACE VIEW outbox_segments AS
SELECT name, bounds[1]::bigint AS from_seq, bounds[2]::bigint AS to_seq
FROM (
  SELECT c.relname::text AS name,
         regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''?(\\d+)''?\\) TO \\(''?(\\d+)''?\\)') AS bounds
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'outbox'::regclass AND NOT i.inhdetachpending
) segments`,
]
