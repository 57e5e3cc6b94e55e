import { silentLogger } from '../../../shared/process/log.ts'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../../tests/support/command-side.ts'
import { behindProxy } from '../../../tests/support/proxy.ts'
import type { TcpProxy } from '../../../ops/faults/tcp-proxy.ts'
import { genericAggregates } from '../../aggregates.ts'
import { connectDatabase } from '../../database.ts'
import { createCommitStore, type CommitStore } from '../store.ts'

/** A command side whose way to its database can be cut. */
export interface Doubt {
  readonly database: MigratedDatabase
  readonly proxy: TcpProxy
  readonly side: RunningCommandSide
  /**
   * Calls `act` once, when the first COMMIT of a transaction that wrote to `table` passes the proxy, before it is
   * passed on.
   */
  atCommit(table: string, act: () => void): { passed(): boolean }
  /** Looks after commits without an answer, by what they found. */
  unknown(): Promise<Record<string, number>>
  /** Sessions of this database that have, or wait for, an advisory lock. */
  advisoryLocks(granted: boolean): Promise<number>
  stop(): Promise<void>
}

export async function startDoubt(settings: Record<string, string>): Promise<Doubt> {
  const database = await migratedDatabase()
  const { url, proxy } = await behindProxy(database.commandUrl)
  const side = await startCommandSide(url, settings)
  return {
    database,
    proxy,
    side,
    atCommit(table, act) {
      let hasWritten = false
      let done = false
      proxy.onData = (chunk, direction) => {
        if (direction !== 'toServer' || done) return
        if (chunk.includes(`INSERT INTO ${table}`)) hasWritten = true
        else if (hasWritten && /^Q....commit\0/is.test(chunk.toString('latin1'))) {
          done = true
          act()
        }
      }
      return { passed: () => done }
    },
    async unknown() {
      const { values } = await side.metrics.getSingleMetric('commit_unknown_total')!.get()
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels['found']), value]))
    },
    async advisoryLocks(granted) {
      const locks = await database.sql`
        SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted = ${granted}
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      return locks.length
    },
    async stop() {
      await proxy.up()
      await side.stop()
      await proxy.stop()
      await database.close()
    },
  }
}

/** The store alone, on a connection of its own that nothing cuts. */
export async function withStore(url: string, use: (store: CommitStore) => Promise<void>): Promise<void> {
  const aggregates = genericAggregates
  const connection = connectDatabase({ url, aggregates, poolMax: 2, log: silentLogger })
  await use(createCommitStore({ orm: connection.orm, aggregates, keepAnswersS: 60 }))
  await connection.close()
}
