import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/** The rights that an aggregate's table needs: the command service keeps it, the relay reads it for replays. */
export const stateTableGrants = ({ command, relay }: Roles, table: string): string[] => [
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ${identifier(table)} TO ${identifier(command.name)}`,
  `GRANT SELECT ON ${identifier(table)} TO ${identifier(relay.name)}`,
]
