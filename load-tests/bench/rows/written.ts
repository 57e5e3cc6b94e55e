import { query, type Places } from '../../../ops/faults/world/places.ts'
import { Incomplete } from '../machinery/comparison.ts'
import { one } from '../machinery/site.ts'

/** The two tables that a write goes to. */
export interface Tables {
  readonly users: string
  readonly outbox: string
}

export const ours: Tables = { users: 'public.users', outbox: 'public.outbox' }
export const plain: Tables = { users: 'plain.users', outbox: 'plain.outbox' }

/** The same columns and indexes without what makes the log what it is: no lock, no trigger, no checks, no segments. */
export async function plainTables(places: Places): Promise<void> {
  const like = (table: string) => `(LIKE ${table} INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY)`
  await query(
    places.ownerUrl,
    `CREATE SCHEMA plain;
CREATE TABLE ${plain.users} ${like(ours.users)};
CREATE TABLE ${plain.outbox} ${like(ours.outbox)}`,
  )
}

/** So that no run has more to look through than the one before, and none pays for another's vacuum or checkpoint. */
export async function emptied(places: Places, { users, outbox }: Tables): Promise<void> {
  await query(places.adminUrl, `TRUNCATE ${users}, ${outbox}`)
  await query(places.adminUrl, 'CHECKPOINT')
}

/**
 * What was under way as a load ended comes to its end too.
 * @param quietMs nothing comes for so long: more than one request takes
 * @returns how many users there are then, of those whose address begins so
 */
export async function settled(
  places: Places,
  { users }: Pick<Tables, 'users'>,
  { quietMs = QUIET_MS, beginsWith = '' } = {},
): Promise<number> {
  const statement = `SELECT count(*) FROM ${users} WHERE email LIKE '${beginsWith}%'`
  const count = async () => Number((await one<{ count: string }>(places, statement)).count)
  for (let before = await count(); ;) {
    await Bun.sleep(quietMs)
    const now = await count()
    if (now === before) return now
    before = now
  }
}

const QUIET_MS = 200

interface Found {
  readonly users: string
  readonly events: string
  readonly pairs: string
}

/**
 * Each user has its one event with the same content, and there is nothing else.
 * @param bounds of how many there are: what was under way as the load ended may be there or not
 * @throws Incomplete
 */
export async function checkWritten(
  places: Places,
  { users, outbox }: Tables,
  { least, most }: { least: number; most: number },
): Promise<void> {
  await settled(places, { users })
  const found = await one<Found>(
    places,
    `SELECT (SELECT count(*) FROM ${users}) AS users, (SELECT count(*) FROM ${outbox}) AS events,
  (SELECT count(*) FROM ${users} u JOIN ${outbox} o ON o.aggregateid = u.id::text AND o.version = 1
     AND o.payload ->> 'email' = u.email AND o.payload ->> 'id' = u.id::text) AS pairs`,
  )
  const [count, events, pairs] = [Number(found.users), Number(found.events), Number(found.pairs)]
  if (count !== events || count !== pairs)
    throw new Incomplete(`${count} users, ${events} events, ${pairs} of them each other's`)
  if (count < least || count > most)
    throw new Incomplete(`${least} writes were acknowledged, at most ${most} sent, and ${count} are there`)
}
