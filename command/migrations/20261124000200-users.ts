import type { Roles } from './roles.ts'
import { stateTableGrants } from './state-table.ts'

/** `email_key` is the e-mail as it is compared: case folded by the commit loop, not by the database's locale. */
export const usersMigration = (roles: Roles): string[] => [
  `
CREATE TABLE users (
  id uuid PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  email text NOT NULL,
  email_key text NOT NULL CONSTRAINT users_email_key_unique UNIQUE,
  version integer NOT NULL CONSTRAINT users_version_positive CHECK (version > 0),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
)`,
  ...stateTableGrants(roles, 'users'),
]
