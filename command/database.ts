import { MikroORM } from '@mikro-orm/postgresql'
import { delay } from '../shared/process/backoff.ts'
import type { Logger } from '../shared/process/log.ts'
import type { Aggregate } from './commit/aggregate.ts'
import type { PoolFigures } from './pool-metrics.ts'

export interface CommandDatabase {
  readonly orm: MikroORM
  /** undefined before the first use. */
  readonly pool: PoolFigures | undefined
  /** Destroys the sockets that are in use, so that a statement that hangs fails. The pool makes new ones. */
  sever(): void
  close(): Promise<void>
}

/** MikroORM on PostgreSQL. Connects on first use; a database that is away fails the statement, not the process. */
export function connectDatabase(options: {
  url: string
  aggregates: readonly Aggregate[]
  poolMax: number
  log: Logger
}): CommandDatabase {
  const inUse = new Set<PoolClient>()
  let pool: Pool | undefined
  const orm = new MikroORM({
    clientUrl: options.url,
    entities: options.aggregates.map(({ entity }) => entity),
    pool: { min: 0, max: options.poolMax, idleTimeoutMillis: 30_000 },
    // Its own lines are no JSON; what matters reaches the caller as an error.
    logger: (message) => options.log.debug('from the ORM', { text: message.split('\n', 1)[0] }),
    // The pool's default is to wait for a connection for ever.
    driverOptions: {
      application_name: 'command',
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      onPoolCreated: watch,
    },
  })
  return {
    orm,
    get pool() {
      return pool
    },
    sever() {
      for (const client of inUse) client.connection.stream.destroy()
    },
    // A statement that starts while the pool closes would hold it open for ever.
    close: () => Promise.race([orm.close(true), delay(2_000)]),
  }

  function watch(made: Pool): void {
    pool = made
    made.on('acquire', (client) => inUse.add(client))
    made.on('release', (_error, client) => inUse.delete(client))
    made.on('connect', (client) => client.once('end', () => setImmediate(() => giveBack(client))))
  }

  // Where BEGIN, COMMIT or ROLLBACK fails, the query builder never gives its connection back: after as many cut
  // connections as the pool is large, every command would wait for ever.
  function giveBack(client: PoolClient): void {
    if (!inUse.has(client)) return
    client.release(true)
    client.release = () => {}
  }
}

/** The parts of `pg.Pool` that MikroORM's connection hands out. */
interface Pool extends PoolFigures {
  on(event: 'acquire' | 'connect', listener: (client: PoolClient) => void): void
  on(event: 'release', listener: (error: unknown, client: PoolClient) => void): void
}
interface PoolClient {
  once(event: 'end', listener: () => void): void
  /** @param destroy the pool drops the connection instead of keeping it */
  release: (destroy: boolean) => void
  readonly connection: { readonly stream: { destroy(): void } }
}
