import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/**
 * Replays asked for by read-side groups, kept after their end for operators to look at. One that runs is a reader of
 * the log, `replay:<id>` in `outbox_cursor`, so that no segment is dropped under it. The relay may touch no other
 * row there than its own and those, hence the two functions.
 */
export const replaysMigration = (roles: Roles): string[] => [
  `
CREATE TABLE outbox_replays (
  id uuid PRIMARY KEY,
  consumer_group text NOT NULL,
  aggregate text NOT NULL,
  partitions integer NOT NULL CONSTRAINT outbox_replays_partitions_positive CHECK (partitions > 0),
  only_partitions integer[],
  scope jsonb NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  phase text NOT NULL DEFAULT 'waiting'
    CONSTRAINT outbox_replays_phase CHECK (phase IN ('waiting', 'snapshot', 'log', 'markers', 'done', 'failed')),
  position text,
  head bigint,
  sent bigint NOT NULL DEFAULT 0,
  finished_at timestamptz,
  error text
)`,
  `COMMENT ON TABLE outbox_replays IS 'Replays asked for by read-side groups; position is the last id of the snapshot or the last seq of the log that was confirmed'`,
  `CREATE INDEX outbox_replays_open ON outbox_replays (accepted_at, id) WHERE phase NOT IN ('done', 'failed')`,
  `GRANT SELECT, INSERT, UPDATE ON outbox_replays TO ${identifier(roles.relay.name)}`,
  `
CREATE FUNCTION outbox_keep_for_replay(replay uuid, after bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO outbox_cursor (name, seq) VALUES ('replay:' || replay, after)
  ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, updated_at = clock_timestamp()
$$`,
  `
CREATE FUNCTION outbox_replay_over(replay uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM outbox_cursor WHERE name = 'replay:' || replay
$$`,
  ...['outbox_keep_for_replay(uuid, bigint)', 'outbox_replay_over(uuid)'].flatMap((name) => [
    `REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION ${name} TO ${identifier(roles.relay.name)}`,
  ]),
]
