import type { SQL } from 'bun'
import type { Aggregate } from '../../../command/commit/aggregate.ts'
import { instantsSql } from '../../../command/relay/replay/statements.ts'
import { tableOf } from '../aggregates.ts'

/** From `after` (exclusive) to `upTo` (inclusive), in the order of the ids' bytes; open where undefined. */
export interface Range {
  readonly after: string | undefined
  readonly upTo: string | undefined
}

export interface Bucket {
  readonly rows: number
  /** Undefined where there is no row. */
  readonly last: string | undefined
  /** Of the sorted ids and versions, as {@link hashOf} makes it of documents. */
  readonly hash: string
}

/** The rows of one aggregate as verifying reads them: hashes in the database, rows only where they are asked for. */
export interface Rows {
  /** Names of the columns that hold a `timestamptz`. */
  instants(): Promise<string[]>
  /** Roughly, from the statistics. */
  estimate(): Promise<number>
  /** The first `limit` rows of a range. */
  bucket(range: Range, limit: number): Promise<Bucket>
  versions(range: Range): Promise<Map<string, number>>
  versionsOf(ids: readonly string[]): Promise<Map<string, number>>
  /** Rows as JSON text, for the projection. */
  jsonOf(range: Range): Promise<Map<string, string>>
  jsonOfOne(id: string): Promise<string | undefined>
  /** Of those among `ids` that the log tells of, the highest version. Reads the log whole. */
  loggedVersions(ids: readonly string[]): Promise<Map<string, number>>
  /** Highest `seq` in the log. */
  head(): Promise<number>
}

export async function rowsOf(sql: SQL, aggregate: Aggregate): Promise<Rows> {
  const table = tableOf(aggregate)
  const [column] = await sql.unsafe(
    `SELECT format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = 'id'`,
    [table],
  )
  // Both sides must agree about the order: the store compares bytes, as PostgreSQL does for uuid alone.
  const id = column.type === 'uuid' ? 't.id' : 't.id COLLATE "C"'
  const within = ({ after, upTo }: Range, parameters: unknown[]) => {
    const conditions = [
      after !== undefined && `${id} > $${parameters.push(after)}`,
      upTo !== undefined && `${id} <= $${parameters.push(upTo)}`,
    ].filter(Boolean)
    return conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  }
  async function read<T>(columns: string, range: Range): Promise<Map<string, T>> {
    const parameters: unknown[] = []
    const where = within(range, parameters)
    const rows = await sql.unsafe(
      `SELECT t.id::text AS id, ${columns} AS value FROM ${table} t ${where}`,
      parameters,
    )
    return new Map(rows.map((row: { id: string; value: T }) => [row.id, row.value]))
  }

  return {
    async instants() {
      const columns = await sql.unsafe<{ name: string }[]>(instantsSql, [table])
      return columns.map(({ name }) => name)
    },
    async estimate() {
      const [row] = await sql.unsafe(
        `SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = $1::text::regclass`,
        [table],
      )
      return row.rows
    },
    async bucket(range, limit) {
      const parameters: unknown[] = []
      const where = within(range, parameters)
      const [bucket] = await sql.unsafe(
        `SELECT count(*)::float8 AS rows, max(id COLLATE "C") AS last,
                md5(coalesce(string_agg(id || ' ' || version, ',' ORDER BY id COLLATE "C"), '')) AS hash
         FROM (SELECT t.id::text AS id, t.version FROM ${table} t ${where} ORDER BY ${id} LIMIT $${parameters.push(limit)}) bucket`,
        parameters,
      )
      return { ...bucket, last: bucket.last ?? undefined }
    },
    versions: (range) => read<number>('t.version', range),
    jsonOf: (range) => read<string>('row_to_json(t)::text', range),
    async versionsOf(ids) {
      const rows = await sql.unsafe(
        `SELECT t.id::text AS id, t.version FROM ${table} t JOIN json_array_elements_text($1::text::json) wanted ON t.id = wanted::${column.type}`,
        [JSON.stringify(ids)],
      )
      return new Map(rows.map((row: { id: string; version: number }) => [row.id, row.version]))
    },
    async jsonOfOne(id) {
      const [row] = await sql.unsafe(`SELECT row_to_json(t)::text AS json FROM ${table} t WHERE t.id = $1`, [
        id,
      ])
      return row?.json
    },
    async loggedVersions(ids) {
      const rows = await sql.unsafe(
        `SELECT o.aggregateid AS id, max(o.version) AS version FROM outbox o
         JOIN json_array_elements_text($2::text::json) wanted ON o.aggregateid = wanted
         WHERE o.aggregatetype = $1 GROUP BY o.aggregateid`,
        [aggregate.name, JSON.stringify(ids)],
      )
      return new Map(rows.map((row: { id: string; version: number }) => [row.id, row.version]))
    },
    async head() {
      const [row] = await sql.unsafe(
        'SELECT coalesce((SELECT seq FROM outbox ORDER BY seq DESC LIMIT 1), 0)::float8 AS head',
      )
      return row.head
    },
  }
}

/** @param sorted by id */
export function hashOf(sorted: readonly { readonly id: string; readonly version: number }[]): string {
  return new Bun.CryptoHasher('md5')
    .update(sorted.map(({ id, version }) => `${id} ${version}`).join(','))
    .digest('hex')
}
