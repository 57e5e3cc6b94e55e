import type { OutboxRecord } from '../../../shared/events/envelope.ts'
import type { ReplayRequest } from '../../../shared/messaging/replay.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import { identifier } from '../../sql.ts'
import { Pool, type PoolOptions } from '../pool.ts'
import type { ReplaySource } from './source.ts'
import { addSql, advanceSql, beginSql, finishSql, instantsSql } from './statements.ts'
import { logSql, openSql, stateSql } from './statements.ts'
import type { Advance, Begun, LogRequest, OpenReplay, ReplayLogBatch } from './store.ts'
import type { ReplayStore, StateBatch, StateRequest } from './store.ts'

/** On connections of its own, so that what is read for a replay is never waited for by live events. */
export class PostgresReplays implements ReplayStore, Runnable {
  readonly name = 'replays'
  readonly pool: Pool
  private readonly readers = new Map<string, ReturnType<ReplaySource['reader']>>()

  constructor(options: Omit<PoolOptions, 'connections'>) {
    this.pool = new Pool({ ...options, connections: 2 })
  }

  async add(request: ReplayRequest, refusal: string | undefined): Promise<boolean> {
    const { id, group, aggregate, partitions, only, scope, reason, requested_by, requested_at } = request
    const stored = await this.pool.run<unknown[]>(addSql, [
      id,
      group,
      aggregate,
      partitions,
      JSON.stringify(only),
      JSON.stringify(scope),
      reason,
      requested_by,
      requested_at,
      refusal ?? null,
    ])
    return stored.length === 1
  }

  async open(): Promise<readonly OpenReplay[]> {
    type Row = Omit<OpenReplay, 'only' | 'scope'> & { readonly only: string | null; readonly scope: string }
    const rows = await this.pool.run<Row[]>(openSql, [])
    return rows.map(({ only, scope, ...rest }) => ({
      ...rest,
      only: only === null ? null : JSON.parse(only),
      scope: JSON.parse(scope),
    }))
  }

  async begin(request: { token: number; ids: readonly string[]; from: number | undefined }) {
    const { token, ids, from } = request
    type Row = Omit<Begun, 'ids'> & Fenced
    const [row] = await this.pool.run<[Row]>(beginSql, [token, JSON.stringify(ids), from ?? null])
    return row.held ? { ...row, ids: JSON.parse(row.ids) as string[] } : undefined
  }

  async readState({ source, after, limit, bytesMax, ids }: StateRequest): Promise<StateBatch> {
    const read = await this.readerOf(source)
    const statement = stateSql(source.table, { after: after !== undefined, ids: ids !== undefined })
    type Row = { id: string; json: string; head: number; readAt: string }
    const rows = await this.pool.run<Row[]>(statement, [
      limit,
      bytesMax,
      ...(after === undefined ? [] : [after]),
      ...(ids === undefined ? [] : [arrayLiteral(ids)]),
    ])
    return {
      rows: rows.map(({ id, json, head, readAt }) => {
        const { data, version } = read(json)
        return { id: id.toLowerCase(), version, payload: JSON.stringify(data), head, readAt }
      }),
      next: rows.at(-1)?.id,
    }
  }

  async readLog({ aggregate, after, upTo, limit, bytesMax, ids }: LogRequest): Promise<ReplayLogBatch> {
    type Row = OutboxRecord & { readonly through: number; readonly floor: number }
    const rows = await this.pool.run<Row[]>(logSql, [
      after,
      upTo,
      limit,
      bytesMax,
      aggregate,
      ids === undefined ? null : JSON.stringify(ids),
    ])
    const { through, floor } = rows[0]!
    // Where nothing was found the one row has nothing but the bounds.
    return { rows: rows.filter(({ id }) => id !== null), through, floor }
  }

  async advance({ token, ids, phase, position, sent }: Advance): Promise<readonly string[] | undefined> {
    const [row] = await this.pool.run<[Fenced]>(advanceSql, [
      token,
      JSON.stringify(ids),
      phase,
      position ?? null,
      sent,
      phase === 'log' ? position! : null,
    ])
    return row.held ? (JSON.parse(row.ids) as string[]) : undefined
  }

  async finish(request: { token: number; ids: readonly string[]; sent: number; error: string | undefined }) {
    const { token, ids, sent, error } = request
    await this.pool.run(finishSql, [token, JSON.stringify(ids), sent, error ?? null])
  }

  start(): void {}

  async stop(): Promise<void> {
    await this.pool.close()
  }

  private async readerOf(source: ReplaySource) {
    const known = this.readers.get(source.aggregate)
    if (known) return known
    const columns = await this.pool.run<{ name: string }[]>(instantsSql, [identifier(source.table)])
    const reader = source.reader(columns.map(({ name }) => name))
    this.readers.set(source.aggregate, reader)
    return reader
  }
}

/** Of the type of the column that it is compared with, whatever that is. */
const arrayLiteral = (ids: readonly string[]) =>
  `{${ids.map((id) => `"${id.replaceAll(/["\\\\]/g, '\\\\$&')}"`).join(',')}}`

interface Fenced {
  readonly held: boolean
  /** JSON */
  readonly ids: string
}
