import type { Roles } from './roles.ts'
import { stateTableGrants } from './state-table.ts'

/** No foreign key to users: a reference to another aggregate may outlive it, and their tables know nothing of each other. */
export const ordersMigration = (roles: Roles): string[] => [
  `
CREATE TABLE orders (
  id uuid PRIMARY KEY,
  number text NOT NULL CONSTRAINT orders_number_unique UNIQUE,
  user_id uuid NOT NULL,
  items jsonb NOT NULL,
  status text NOT NULL CONSTRAINT orders_status_known CHECK (status IN ('placed', 'cancelled')),
  version integer NOT NULL CONSTRAINT orders_version_positive CHECK (version > 0),
  created_at timestamptz(3) NOT NULL,
  cancelled_at timestamptz(3),
  updated_at timestamptz(3) NOT NULL
)`,
  ...stateTableGrants(roles, 'orders'),
]
