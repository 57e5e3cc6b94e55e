import { raw, type EntityMetadata } from '@mikro-orm/core'
import {
  correlationBytesMax,
  envelopeBytesMax,
  headersBytesMax,
  payloadBytesMax,
} from '../../shared/events/envelope.ts'
import { identifier } from '../sql.ts'
import type { Aggregate } from './aggregate.ts'
import type { PlannedEvent, PlannedWrites } from './plan.ts'
import { rowReader, type RowState } from './row-state.ts'

/** One statement and its parameters, with `?` for each. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/**
 * JSON as a literal of its own. The driver escapes a string character by character, a seventh of the time of a command;
 * between dollars there is nothing to escape, once a dollar in the JSON, which can only be in a string of it, is written
 * as its code.
 */
export const jsonLiteral = (json: string) => raw(`$$${json.replaceAll('$', '\\u0024')}$$`)

/**
 * The SQL of one aggregate's table, derived once from its entity. Rows travel as one JSON parameter a statement:
 * the driver inlines parameters as text, so one long literal costs far less than a literal per column.
 */
export interface TableStatements {
  /** The rows of `ids`, each locked, or seen and held by somebody else. Columns: id, locked (JSON text or null). */
  lock(ids: readonly string[]): Statement
  /** A locked row's JSON text → its state and version. */
  hydrate(json: string): RowState
  /** Who has the values: columns name, key, id. One per unique of the aggregate that is asked for. */
  owners(values: ReadonlyMap<string, readonly string[]>): Statement[]
  write(writes: PlannedWrites): Statement[]
}

interface Column {
  readonly name: string
  readonly type: string
}

// oxlint-disable-next-line typescript/no-explicit-any -- metadata of any entity
export function tableStatements(aggregate: Aggregate, meta: EntityMetadata<any>): TableStatements {
  const table = identifier(meta.tableName)
  const columns: Column[] = meta.props.map((prop) => ({
    name: prop.fieldNames[0] ?? prop.name,
    type: (prop.columnTypes[0] ?? 'text').replace(/\(.*\)/, ''),
  }))
  const names = columns.map(({ name }) => identifier(name)).join(', ')
  const record = columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')
  const assignments = columns
    .filter(({ name }) => name !== 'id')
    .map(({ name }) => `${identifier(name)} = r.${identifier(name)}`)
    .join(', ')
  const instants = columns.filter(({ type }) => type.startsWith('timestamp')).map(({ name }) => name)
  // Sorted by a unique value, two processes insert in the same order: unsorted they deadlocked.
  const sortColumn = Object.values(aggregate.unique)[0]?.column ?? 'id'

  return {
    lock: (ids) => ({
      // SKIP LOCKED beside a plain read of the same ids: a row that somebody holds must not stop the batch.
      sql: `WITH held AS MATERIALIZED (SELECT * FROM ${table} WHERE id IN (?) ORDER BY id FOR UPDATE SKIP LOCKED)
SELECT t.id::text AS id, CASE WHEN held.id IS NOT NULL THEN row_to_json(held)::text END AS locked
FROM ${table} t LEFT JOIN held ON held.id = t.id WHERE t.id IN (?)`,
      parameters: [ids, ids],
    }),
    hydrate: rowReader(aggregate, instants),
    owners: (values) =>
      [...values].map(([name, keys]) => {
        const column = identifier(aggregate.unique[name]?.column ?? name)
        return {
          sql: `SELECT ? AS claim, ${column}::text AS key, id::text AS id FROM ${table} WHERE ${column} IN (?)`,
          parameters: [`${aggregate.name}/${name}`, keys],
        }
      }),
    write({ inserts, updates, deletes }) {
      const statements: Statement[] = []
      if (deletes.length > 0)
        statements.push({ sql: `DELETE FROM ${table} WHERE id IN (?)`, parameters: [deletes.toSorted()] })
      if (updates.length > 0)
        statements.push({
          sql: `UPDATE ${table} t SET ${assignments} FROM json_to_recordset(?) AS r(${record}) WHERE t.id = r.id`,
          parameters: [jsonLiteral(JSON.stringify(updates.toSorted(by('id'))))],
        })
      if (inserts.length > 0)
        statements.push({
          sql: `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_to_recordset(?) AS r(${record})`,
          parameters: [jsonLiteral(JSON.stringify(inserts.toSorted(by(sortColumn))))],
        })
      return statements
    },
  }
}

/**
 * The append, last in its transaction: it takes the append lock, which is held to the end of the commit. The rows
 * get their `seq` in the order of the array.
 */
export function appendStatement(events: readonly PlannedEvent[]): Statement {
  const rows = events.map(
    (event) =>
      `{"i":"${event.id}","g":${JSON.stringify(event.aggregate)},"a":${JSON.stringify(event.aggregateId)},` +
      `"t":${JSON.stringify(event.type)},"v":${event.version},"p":${event.payload},` +
      `"h":${event.headersJson},"o":"${event.occurredAt}"}`,
  )
  return {
    sql: `INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
SELECT i, g, a, t, v, p, h, o FROM json_to_recordset(?)
AS r(i uuid, g text, a text, t text, v integer, p jsonb, h jsonb, o timestamptz)`,
    parameters: [jsonLiteral(`[${rows.join(',')}]`)],
  }
}

/**
 * Why the log would refuse an event, told to its own command before the whole batch is refused for it.
 * @returns undefined when it fits
 */
export function oversize({ payload, headers, headersJson }: PlannedEvent): string | undefined {
  if (isLonger(payload, payloadBytesMax)) return `an event may not exceed ${envelopeBytesMax} bytes`
  if (isLonger(headersJson, headersBytesMax - 64))
    return `an event's headers may not exceed ${headersBytesMax} bytes`
  for (const id of [headers.correlationid, headers.causationid])
    if (id !== undefined && isLonger(id, correlationBytesMax))
      return `correlation and causation ids may not exceed ${correlationBytesMax} bytes`
  return undefined
}

/** In UTF-8, whose characters of a UTF-16 unit take 3 bytes at most: seldom is there anything to count. */
const isLonger = (text: string, bytesMax: number) =>
  text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax

/** Where the log stood before this transaction; with `is_called`, since a fresh sequence reads 1 as well. */
export const headStatement: Statement = {
  sql: `SELECT 'head' AS claim, (CASE WHEN is_called THEN last_value ELSE 0 END)::text AS key, '' AS id FROM outbox_seq_seq`,
  parameters: [],
}

/** The claims of a plan by aggregate and unique name. */
export function claimsByAggregate(claims: ReadonlySet<string>): Map<string, Map<string, string[]>> {
  const result = new Map<string, Map<string, string[]>>()
  for (const claim of claims) {
    const [aggregate, name, ...rest] = claim.split('/') as [string, string, ...string[]]
    const value = rest.join('/')
    let uniques = result.get(aggregate)
    if (!uniques) result.set(aggregate, (uniques = new Map()))
    const values = uniques.get(name)
    if (values) values.push(value)
    else uniques.set(name, [value])
  }
  return result
}

/** A row of {@link TableStatements.owners} → the claim it answers. */
export function claimOfOwner(row: { claim: string; key: string }): string {
  return `${row.claim}/${row.key}`
}

const by = (column: string) => (a: Record<string, unknown>, b: Record<string, unknown>) => {
  const [x, y] = [String(a[column]), String(b[column])]
  return x < y ? -1 : x > y ? 1 : 0
}
