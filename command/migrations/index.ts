import type { MigrationObject } from '@mikro-orm/core'
import { Migration } from '@mikro-orm/migrations'
import { rolesMigration } from './20261124000000-roles.ts'
import { outboxMigration } from './20261124000100-outbox.ts'
import { usersMigration } from './20261124000200-users.ts'
import { parkingMigration } from './20261124000300-parking.ts'
import { replaysMigration } from './20261124000400-replays.ts'
import { idempotencyMigration } from './20261124000500-idempotency.ts'
import { forgottenReplaysMigration } from './20261124000600-forgotten-replays.ts'
import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/** Every migration in order, by name. To add an aggregate add one line; a migration that landed is never changed. */
const migrations: readonly (readonly [name: string, statements: (roles: Roles) => string[]])[] = [
  ['20261124000000-roles', rolesMigration],
  ['20261124000100-outbox', outboxMigration],
  ['20261124000200-users', usersMigration],
  ['20261124000300-parking', parkingMigration],
  ['20261124000400-replays', replaysMigration],
  ['20261124000500-idempotency', idempotencyMigration],
  ['20261124000600-forgotten-replays', forgottenReplaysMigration],
]

export const migrationNames: readonly string[] = migrations.map(([name]) => name)
export const migrationsTable = 'schema_migrations'

/** The list MikroORM's Migrator runs. Hand-written SQL: its generator knows neither segments nor triggers. */
export function migrationsFor(roles: Roles): MigrationObject[] {
  return migrations.map(([name, statements], index) => ({
    name,
    class: class extends Migration {
      override up(): void {
        for (const statement of statements(roles)) this.addSql(statement)
        // Services check the schema with their own rights.
        if (index === 0)
          this.addSql(
            `GRANT SELECT ON ${migrationsTable} TO ${identifier(roles.command.name)}, ${identifier(roles.relay.name)}`,
          )
      }
    },
  }))
}
