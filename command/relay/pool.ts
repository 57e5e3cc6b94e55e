import { SQL } from 'bun'
import { TimeoutError, withTimeout } from '../../shared/process/backoff.ts'
import { sqlState } from '../commit/database-errors.ts'
import { SchemaMissingError } from './log-store.ts'

export interface PoolOptions {
  readonly url: string
  readonly connections: number
  /** A statement without an answer for so long is given up with its connection, and an attempt to connect too. */
  readonly statementTimeoutMs: number
}

/** A few pipelined connections with prepared statements, all made anew when the database goes silent. */
export class Pool {
  private sql: SQL
  private running = 0

  constructor(private readonly options: PoolOptions) {
    this.sql = open(options)
  }

  /** Statements without an answer. The driver sends them down its connections, and does not tell of these. */
  get statements(): number {
    return this.running
  }

  get connections(): number {
    return this.options.connections
  }

  /** One statement, one transaction. @throws when its outcome is unknown too: it may have run */
  async run<T>(statement: string, parameters: readonly unknown[]): Promise<T> {
    const { sql } = this
    this.running++
    try {
      const query = sql.unsafe<T>(statement, [...parameters])
      return (await withTimeout(query, this.options.statementTimeoutMs, 'a statement of the relay')) as T
    } catch (error) {
      // The driver has no time-out of its own: a database that went silent would keep the connection for ever.
      if (error instanceof TimeoutError) this.replace(sql)
      if (missingSchemaStates.has(sqlState(error) ?? ''))
        throw new SchemaMissingError('the outbox is not there yet', { cause: error })
      throw error
    } finally {
      this.running--
    }
  }

  async close(): Promise<void> {
    await this.sql.close({ timeout: 1 }).catch(() => {})
  }

  private replace(silent: SQL): void {
    if (this.sql !== silent) return
    this.sql = open(this.options)
    void silent.close({ timeout: 0 }).catch(() => {})
  }
}

const open = ({ url, connections, statementTimeoutMs }: PoolOptions) =>
  // PGDATABASE would take precedence over the URL's database. The driver counts in seconds.
  new SQL(url, { max: connections, connectionTimeout: statementTimeoutMs / 1_000, database: databaseOf(url) })

export function databaseOf(url: string): string {
  const { pathname, username } = new URL(url)
  return decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username)
}

/** undefined_table, undefined_function, undefined_column, invalid_schema_name */
export const missingSchemaStates = new Set(['42P01', '42883', '42703', '3F000'])
