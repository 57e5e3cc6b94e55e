import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/**
 * Replays that ended are kept for operators, but not for ever: a group that asks every few seconds would fill the table.
 * The relay may delete nothing there but by this function.
 */
export const forgottenReplaysMigration = (roles: Roles): string[] => [
  `
CREATE FUNCTION outbox_forget_replays() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH over AS (
    SELECT id, finished_at, row_number() OVER (PARTITION BY consumer_group ORDER BY finished_at DESC, id) AS place
    FROM outbox_replays WHERE finished_at IS NOT NULL
  )
  DELETE FROM outbox_replays r USING over
  WHERE r.id = over.id AND (over.place > 100 OR over.finished_at < clock_timestamp() - interval '30 days')
$$`,
  `COMMENT ON FUNCTION outbox_forget_replays IS 'Deletes the replays that ended 30 days ago, and all but the last 100 of each group'`,
  `REVOKE EXECUTE ON FUNCTION outbox_forget_replays() FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION outbox_forget_replays() TO ${identifier(roles.relay.name)}`,
]
