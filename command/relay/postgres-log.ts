import { SQL } from 'bun'
import type { OutboxRecord } from '../../shared/events/envelope.ts'
import { TimeoutError, withTimeout } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import { sqlState } from '../commit/database-errors.ts'
import { leaseChannel } from '../outbox/log.ts'
import { type Acquired, type HeldByOther, type LogBatch, type LogStore } from './log-store.ts'
import { type Observation, type ReadRequest, SchemaMissingError } from './log-store.ts'
import { acquireSql, holderSql, moveSql, observeSql, readSql, releaseSql, renewSql } from './statements.ts'

export interface PostgresLogOptions {
  readonly url: string
  /** A statement without an answer for so long is given up with its connection, and an attempt to connect too. */
  readonly statementTimeoutMs: number
}

/** The log on PostgreSQL, over a few pipelined connections with prepared statements. */
export class PostgresLog implements LogStore, Runnable {
  readonly name = 'log'
  private pool: SQL

  constructor(private readonly options: PostgresLogOptions) {
    this.pool = openPool(options)
  }

  start(): void {}

  async stop(): Promise<void> {
    await this.pool.close({ timeout: 1 }).catch(() => {})
  }

  async read({ after, limit, bytesMax }: ReadRequest): Promise<LogBatch> {
    const rows = await this.run<readonly (OutboxRecord & { bytes: number })[]>(readSql, [
      after,
      limit,
      bytesMax,
    ])
    const last = rows.at(-1)
    return { rows, full: last !== undefined && (rows.length === limit || last.bytes >= bytesMax) }
  }

  async acquire({ owner, ttlMs }: { owner: string; ttlMs: number }): Promise<Acquired | HeldByOther> {
    // A plain look first: relays that stand by must not lock the row that the active one moves.
    const [holder] = await this.run<[Holder?]>(holderSql, [])
    if (!holder) throw new SchemaMissingError('outbox_cursor has no row for the relay')
    const held = { acquired: false, owner: holder.owner ?? '', expiresInMs: holder.lease_ms } as const
    if (holder.lease_ms > 0 && holder.owner !== owner) return held
    const [taken] = await this.run<[{ seq: number; token: number }?]>(acquireSql, [owner, ttlMs])
    return taken ? { acquired: true, token: taken.token, cursor: taken.seq } : { ...held, expiresInMs: ttlMs }
  }

  async renew({ token, ttlMs }: { token: number; ttlMs: number }): Promise<boolean> {
    return (await this.run<unknown[]>(renewSql, [token, ttlMs])).length === 1
  }

  async moveCursor(move: { token: number; seq: number; ttlMs: number }): Promise<boolean> {
    return (await this.run<unknown[]>(moveSql, [move.token, move.seq, move.ttlMs])).length === 1
  }

  async release({ token }: { token: number }): Promise<void> {
    const released = await this.run<unknown[]>(releaseSql, [token])
    // After the release has committed, and in a transaction of its own: a pending NOTIFY holds a cluster-wide lock.
    if (released.length === 1) await this.run(`SELECT pg_notify('${leaseChannel}', '')`, [])
  }

  async observe(): Promise<Observation> {
    const [seen] = await this.run<[(Omit<Observation, 'owner'> & { owner: string | null })?]>(observeSql, [])
    if (!seen) throw new SchemaMissingError('outbox_cursor has no row for the relay')
    return {
      ...seen,
      owner: seen.owner ?? undefined,
      oldestAgeMs: seen.oldestAgeMs ?? undefined,
      cursorCluster: seen.cursorCluster ?? undefined,
    }
  }

  async makeSegments({ ahead, segmentRows }: { ahead: number; segmentRows: number }): Promise<number> {
    const [made] = await this.run<[{ made: number }]>('SELECT outbox_make_segments($1, $2) AS made', [
      ahead,
      segmentRows,
    ])
    return made.made
  }

  async ping(): Promise<void> {
    await this.run('SELECT 1', [])
  }

  private async run<T>(statement: string, parameters: readonly unknown[]): Promise<T> {
    const { pool } = this
    try {
      const query = pool.unsafe<T>(statement, [...parameters])
      return (await withTimeout(query, this.options.statementTimeoutMs, 'a statement of the relay')) as T
    } catch (error) {
      // The driver has no time-out of its own: a database that went silent would keep the connection for ever.
      if (error instanceof TimeoutError) this.replace(pool)
      if (missingSchemaStates.has(sqlState(error) ?? ''))
        throw new SchemaMissingError('the outbox is not there yet', { cause: error })
      throw error
    }
  }

  private replace(silent: SQL): void {
    if (this.pool !== silent) return
    this.pool = openPool(this.options)
    void silent.close({ timeout: 0 }).catch(() => {})
  }
}

/** Reads, cursor moves, and the rest, which must not wait behind a move's fsync. */
const connections = 3

const openPool = ({ url, statementTimeoutMs }: PostgresLogOptions) =>
  // PGDATABASE would take precedence over the URL's database. The driver counts in seconds.
  new SQL(url, { max: connections, connectionTimeout: statementTimeoutMs / 1_000, database: databaseOf(url) })

export function databaseOf(url: string): string {
  const { pathname, username } = new URL(url)
  return decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username)
}

/** undefined_table, undefined_function, undefined_column, invalid_schema_name */
const missingSchemaStates = new Set(['42P01', '42883', '42703', '3F000'])

interface Holder {
  readonly owner: string | null
  readonly lease_ms: number
}
