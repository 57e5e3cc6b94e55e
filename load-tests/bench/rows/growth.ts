import { query, type Places } from '../../../ops/faults/world/places.ts'
import {
  Incomplete,
  perSecond,
  type Comparison,
  type Contender,
  type RowSpec,
  type Sample,
} from '../machinery/comparison.ts'
import { metered, one, partOf, placesOn, startedOn, type Site } from '../machinery/site.ts'
import { wrk } from '../machinery/wrk.ts'
import { appendSql } from './documents.ts'
import { projectorOn } from './projector.ts'
import { apiOn, reader } from './read.ts'
import { relayOn } from './relay.ts'
import { ours as tables, settled } from './written.ts'

const RATE = { unit: 'a second', better: 'higher', target: { ratio: 0.9 }, of: perSecond } as const
/** Flat: what a larger heap is worth by chance. */
const MEMORY_RATIO = 1.25
const AT_ONCE = 100_000
const SEGMENTS = 100
/** Or a drain is over before it was seen to begin. */
const SMALLEST = 6_000

/** The same at its smallest and at its largest: the limit is the small one. */
export async function writeGrowth(site: Site): Promise<Comparison> {
  const { users, usersLarge } = site.sizes
  const [few, many] = await both([users, usersLarge], (count) => writerOver(site, count))
  return grown({ name: 'write', title: `Write, over ${text(usersLarge)} users`, few, many, size: usersLarge })
}

export async function readGrowth(site: Site): Promise<Comparison> {
  const { users, usersLarge } = site.sizes
  const [few, many] = await both([users, usersLarge], (count) => readerOver(site, count))
  return grown({
    name: 'read',
    title: `Read by id, of ${text(usersLarge)} users`,
    few,
    many,
    size: usersLarge,
  })
}

export async function relayGrowth(site: Site): Promise<Comparison> {
  const { backlogLarge: size } = site.sizes
  const segmentRows = Math.max(100, Math.round(size / SEGMENTS))
  const [few, many] = await both(drains(size), (drain) => relayOn(site, { ...drain, segmentRows }))
  return drained({
    name: 'relay',
    title: `Relay, ${text(size)} events in ${SEGMENTS} segments`,
    few,
    many,
    size,
  })
}

export async function projectorGrowth(site: Site): Promise<Comparison> {
  const { backlogLarge: size } = site.sizes
  const [few, many] = await both(drains(size), (drain) => projectorOn(site, drain))
  return drained({ name: 'projector', title: `Projector, ${text(size)} events`, few, many, size })
}

const drains = (large: number) =>
  [Math.max(SMALLEST, Math.round(large / 100)), large].map((backlog) => ({ backlog, startsAnew: true }))

async function both<Size>(
  sizes: Size[],
  make: (size: Size) => Promise<Contender>,
): Promise<[Contender, Contender]> {
  return [await make(sizes[0]!), await make(sizes[1]!)]
}

interface Grown {
  readonly name: string
  readonly title: string
  readonly few: Contender
  readonly many: Contender
  readonly size: number
}

function grown({ name, title, few, many, size }: Grown): Comparison {
  const row: RowSpec = { ...RATE, name: `growth-${name}`, title, ours: many.name, limit: few.name, size }
  return { contenders: [many, few], rows: [row] }
}

/** Once, since it takes minutes; and with the memory of the process at the end of it. */
function drained(of: Grown): Comparison {
  const { contenders, rows } = grown(of)
  const held: RowSpec = {
    ...rows[0]!,
    name: `growth-${of.name}-memory`,
    title: `Memory after it, ${of.name}`,
    unit: 'MB',
    better: 'lower',
    target: { ratio: MEMORY_RATIO },
    of: ({ rssMb = {} }: Sample) => Object.values(rssMb)[0]!,
  }
  return { contenders, rows: [...rows, held], repetitionsMax: 1 }
}

async function writerOver(site: Site, users: number): Promise<Contender> {
  const places = await placesOn(site)
  for (let from = 0; from < users; from += AT_ONCE) {
    site.signal.throwIfAborted()
    const to = Math.min(users, from + AT_ONCE)
    await query(places.ownerUrl, `${usersSql(from, to)};${appendSql(from, to)}`)
  }
  await query(places.adminUrl, `ANALYZE ${tables.users}, ${tables.outbox}`)
  const command = await startedOn(site, { role: 'command', places })
  return {
    name: `POST /users, ${text(users)} users`,
    async measure(): Promise<Sample> {
      const before = await countsOf(places)
      const order = {
        url: command.url,
        connections: 64,
        seconds: site.sizes.seconds,
        kind: 'create',
      } as const
      const { result, cpuMs } = await metered(site, [partOf(command)], () =>
        wrk(site.wrk, { ...order, run: `g${before.users}` }, site.signal),
      )
      await settled(places, tables)
      const after = await countsOf(places)
      const [made, events] = [after.users - before.users, after.events - before.events]
      if (made !== events || made < result.requests || made > result.requests + order.connections)
        throw new Incomplete(
          `${result.requests} writes were acknowledged; ${made} users and ${events} events came`,
        )
      return { ...result, count: result.requests, cpuMs }
    },
  }
}

async function countsOf(places: Places): Promise<{ users: number; events: number }> {
  const found = await one<Record<'users' | 'events', string>>(
    places,
    `SELECT (SELECT count(*) FROM ${tables.users}) AS users, (SELECT count(*) FROM ${tables.outbox}) AS events`,
  )
  return { users: Number(found.users), events: Number(found.events) }
}

const usersSql = (from: number, to: number) => `
INSERT INTO ${tables.users} (id, first_name, last_name, email, email_key, version, created_at, updated_at)
SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Ada', 'Lovelace', 'u-' || n || '@bench.example',
  'u-' || n || '@bench.example', 1, now(), now()
FROM generate_series(${from}, ${to - 1}) n`

async function readerOver(site: Site, users: number): Promise<Contender> {
  const { url, parts } = await apiOn(site, users)
  return reader(site, { name: `GET /users/:id, ${text(users)} users`, url, parts, users, kind: 'read' })
}

const text = (count: number) => count.toLocaleString('en-US')
