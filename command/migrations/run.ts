import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import { SQL } from 'bun'
import { retryUntil } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import { isConnectionError, sqlState } from '../commit/database-errors.ts'
import { migrationLockKey } from '../outbox/log.ts'
import { migrationNames, migrationsFor, migrationsTable } from './index.ts'
import { rolesOf } from './roles.ts'

export interface MigrateOptions {
  readonly urls: { readonly owner: string; readonly command: string; readonly relay: string }
  readonly log: Logger
  readonly signal: AbortSignal
}

/**
 * Brings the schema up to date. Waits for a database that is not there yet; safe when several processes start at
 * once: one migrates, the others wait for it and find nothing to do.
 * @returns the names of the migrations it ran
 * @throws Error with what to do, when the owner's rights do not suffice or a migration fails
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const ran = await retryUntil(() => attempt(options).then(asValue, asFailure), {
    baseMs: 200,
    maxMs: 5_000,
    signal: options.signal,
    onFailure: (error, nextMs) =>
      options.log.warn('waiting for PostgreSQL to migrate', { error, next_ms: nextMs }),
  })
  if (!ran) return []
  if ('error' in ran) throw ran.error
  return ran.value
}

const asValue = (value: readonly string[]) => ({ value })
/** Only what time can heal is tried again. */
const asFailure = (error: unknown) => {
  if (isConnectionError(error)) throw error
  if (sqlState(error) !== '42501') return { error }
  return {
    error: new Error(
      'the owner role may not create roles or change their settings: let an administrator run ' +
        'ALTER ROLE <owner> CREATEROLE, or create the command and relay roles and GRANT them to it WITH ADMIN OPTION',
      { cause: error },
    ),
  }
}

async function attempt({ urls, log }: MigrateOptions): Promise<readonly string[]> {
  const lock = new SQL(urls.owner, { max: 1, connectionTimeout: 5 })
  const orm = new MikroORM({
    clientUrl: urls.owner,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    logger: () => {},
    pool: { min: 0, max: 2 },
    extensions: [Migrator],
    migrations: {
      migrationsList: migrationsFor(rolesOf(urls)),
      tableName: migrationsTable,
      snapshot: false,
      disableForeignKeys: false,
    },
  })
  try {
    await lock`SELECT pg_advisory_lock(${migrationLockKey})`
    const names = (await orm.migrator.up()).map(({ name }) => name)
    if (names.length > 0) log.info('migrated', { migrations: names })
    return names
  } finally {
    await orm.close(true).catch(() => {})
    await lock.close({ timeout: 0 }).catch(() => {})
  }
}

/**
 * For processes without the owner's URL: which migrations the schema still lacks.
 * @param query runs one statement with the process's own rights
 */
export async function missingMigrations(
  query: (sql: string) => Promise<readonly { name: string }[]>,
): Promise<readonly string[]> {
  const done = await query(`SELECT name FROM ${migrationsTable}`).catch((error: unknown) => {
    if (sqlState(error) === '42P01') return []
    throw error
  })
  const names = new Set(done.map(({ name }) => name))
  return migrationNames.filter((name) => !names.has(name))
}
