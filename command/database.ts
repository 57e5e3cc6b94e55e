import { MikroORM } from '@mikro-orm/postgresql'
import type { Aggregate } from './commit/aggregate.ts'

export interface CommandDatabase {
  readonly orm: MikroORM
  /** Destroys the sockets that are in use, so that a statement that hangs fails. The pool makes new ones. */
  sever(): void
  close(): Promise<void>
}

/** MikroORM on PostgreSQL. Connects on first use; a database that is away fails the statement, not the process. */
export async function connectDatabase(options: {
  url: string
  aggregates: readonly Aggregate[]
  poolMax: number
}): Promise<CommandDatabase> {
  const orm = new MikroORM({
    clientUrl: options.url,
    entities: options.aggregates.map(({ entity }) => entity),
    pool: { min: 0, max: options.poolMax, idleTimeoutMillis: 30_000 },
    // The pool's default is to wait for a connection for ever.
    driverOptions: { application_name: 'command', connectionTimeoutMillis: 2_000, keepAlive: true },
  })
  const pool = (await orm.em.getConnection().getNativeClient()) as unknown as Pool
  const inUse = new Set<PoolClient>()
  pool.on('acquire', (client) => inUse.add(client))
  pool.on('release', (_error, client) => inUse.delete(client))
  pool.on('remove', (client) => inUse.delete(client))
  // An idle connection that the server ends; the next statement gets another.
  pool.on('error', () => {})
  return {
    orm,
    sever() {
      for (const client of inUse) client.connection.stream.destroy()
    },
    close: () => orm.close(true),
  }
}

/** The parts of `pg.Pool` that MikroORM's connection hands out. */
interface Pool {
  on(event: 'acquire' | 'remove', listener: (client: PoolClient) => void): void
  on(event: 'release', listener: (error: unknown, client: PoolClient) => void): void
  on(event: 'error', listener: (error: unknown) => void): void
}
interface PoolClient {
  readonly connection: { readonly stream: { destroy(): void } }
}
