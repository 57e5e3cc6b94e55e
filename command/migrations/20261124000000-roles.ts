import { identifier, literal } from '../sql.ts'
import type { Role, Roles } from './roles.ts'

/**
 * Roles are the cluster's and may exist already, made by another database's migration or by an administrator; then
 * they are kept as they are. Time-outs are set on the roles and not by the driver: they bind every client that uses
 * the role, and a pooler refuses unknown start-up parameters.
 */
export const rolesMigration = (roles: Roles): string[] => [
  createRole(roles.command),
  createRole(roles.relay),
  ...settings(roles.owner, { idle_in_transaction_session_timeout: '30s', synchronous_commit: 'on' }),
  ...settings(roles.command, writerTimeouts),
  ...settings(roles.relay, writerTimeouts),
]

const writerTimeouts = {
  // Bounds what one writer's uncommitted unique value or row can hold up for everybody in a batch.
  lock_timeout: '2s',
  // The append lock is held to the end of the transaction: a client that went silent must not keep it.
  idle_in_transaction_session_timeout: '3s',
  transaction_timeout: '20s',
  synchronous_commit: 'on',
}

const createRole = ({ name, password }: Role) => `
DO $do$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(name)}) THEN
    CREATE ROLE ${identifier(name)} LOGIN${password ? ` PASSWORD ${literal(password)}` : ''};
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was quicker
END $do$`

const settings = ({ name }: Role, values: Record<string, string>) =>
  Object.entries(values).map(
    ([setting, value]) => `
DO $do$ BEGIN
  EXECUTE format('ALTER ROLE %I IN DATABASE %I SET ${setting} = %L', ${literal(name)}, current_database(), ${literal(value)});
END $do$`,
  )
