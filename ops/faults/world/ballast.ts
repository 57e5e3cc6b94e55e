import { query, type Places } from './places.ts'

/**
 * Events that only weigh: too many to be compared one by one, so they are left out of the records and counted instead.
 * Their aggregates and their own ids begin with a word each.
 */
const AGGREGATE = 'ba11a570'
const EVENT = 'ba11a57e'
const USERS = 1_000
const CHUNK = 20_000

export const isBallast = (id: string) => id.startsWith(AGGREGATE) || id.startsWith(EVENT)
export const notBallastSql = (column: string) => `${column}::text NOT LIKE '${AGGREGATE}%'`

/** Appends `rows` events of a thousand users who change again and again, in transactions that are not too long. */
export async function loadBallast({ adminUrl }: Places, rows: number): Promise<void> {
  const uuid = (prefix: string, number: string) =>
    `('${prefix}-0000-4000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
  const state = (
    number: string,
  ) => `'{"first_name": "Ballast", "last_name": "Ballast", "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z", "changed": null}'::jsonb || jsonb_build_object('id', ${uuid(AGGREGATE, number)},
    'email', 'ballast' || ${number} || '@example.com')`
  await query(
    adminUrl,
    `INSERT INTO users SELECT ${uuid(AGGREGATE, 'n')}, 'Ballast', 'Ballast', 'ballast' || n || '@example.com',
     'ballast' || n || '@example.com', ${Math.ceil(rows / USERS)}, '2026-01-01', '2026-01-01' FROM generate_series(0, ${USERS - 1}) n`,
  )
  for (let from = 0; from < rows; from += CHUNK)
    await query(
      adminUrl,
      `INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload)
       SELECT ${uuid(EVENT, 'n')}, 'users', ${uuid(AGGREGATE, `n % ${USERS}`)}::text,
         CASE WHEN n < ${USERS} THEN 'users.user.created.v2' ELSE 'users.user.updated.v2' END, n / ${USERS} + 1, ${state(`n % ${USERS}`)}
       FROM generate_series(${from}, ${Math.min(rows, from + CHUNK) - 1}) n`,
    )
}

/** What is wrong with the ballast's documents: each must be there, in its last version. */
export function ballastTrouble(
  documents: readonly { _id: string; version: number }[],
  rows: number,
): string | undefined {
  const versions = documents.filter(({ _id: id }) => isBallast(id)).map(({ version }) => version)
  const wanted = Math.ceil(rows / USERS)
  const late = versions.filter((version) => version !== wanted).length
  if (versions.length === USERS && late === 0) return undefined
  return `of ${USERS} users of the backlog ${versions.length} are shown, ${late} of them not in version ${wanted}`
}
