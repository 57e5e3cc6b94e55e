import type { OutboxRecord } from '../../shared/events/envelope.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import { leaseChannel } from '../outbox/log.ts'
import { type Acquired, type HeldByOther, type LogBatch, type LogStore } from './log-store.ts'
import { type Observation, type ReadRequest, SchemaMissingError } from './log-store.ts'
import { keepSql } from './parking/statements.ts'
import { Pool, type PoolOptions } from './pool.ts'
import { acquireSql, holderSql, moveSql, observeSql, readSql, releaseSql, renewSql } from './statements.ts'

export type PostgresLogOptions = Omit<PoolOptions, 'connections'>

/** The log on PostgreSQL, over a few pipelined connections with prepared statements. */
export class PostgresLog implements LogStore, Runnable {
  readonly name = 'log'
  readonly pool: Pool

  constructor(options: PostgresLogOptions) {
    this.pool = new Pool({ ...options, connections })
  }

  start(): void {}

  async stop(): Promise<void> {
    await this.pool.close()
  }

  read(request: ReadRequest): Promise<LogBatch> {
    return this.batch(readSql, request, [])
  }

  /** @param statement one that `batchSql` made; `parameters` follow after the bounds */
  async batch(
    statement: string,
    { after, limit, bytesMax }: ReadRequest,
    parameters: readonly unknown[],
  ): Promise<LogBatch> {
    const rows = await this.run<readonly (OutboxRecord & { bytes: number })[]>(statement, [
      after,
      limit,
      bytesMax,
      ...parameters,
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

  async moveCursor({ token, seq, ttlMs, kept }: Parameters<LogStore['moveCursor']>[0]): Promise<boolean> {
    const moved = kept
      ? await this.run<unknown[]>(keepSql, [
          token,
          seq,
          ttlMs,
          `{${kept.seqs.join(',')}}`,
          JSON.stringify(kept.aggregates),
        ])
      : await this.run<unknown[]>(moveSql, [token, seq, ttlMs])
    return moved.length === 1
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

  /** One statement, with the relay's time-out. @throws SchemaMissingError where the migrations have not run */
  run<T>(statement: string, parameters: readonly unknown[]): Promise<T> {
    return this.pool.run(statement, parameters)
  }
}

/** Reads, cursor moves, and the rest, which must not wait behind a move's fsync. */
const connections = 3

interface Holder {
  readonly owner: string | null
  readonly lease_ms: number
}
