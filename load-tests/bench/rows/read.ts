import type { Places } from '../../../ops/faults/world/places.ts'
import { Incomplete, perSecond, type Comparison, type Contender } from '../machinery/comparison.ts'
import type { Part } from '../../../ops/load/parts.ts'
import { metered, partOf, placesOn, startedOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'
import { wrk } from '../machinery/wrk.ts'
import { documentId, documentOf } from './documents.ts'
import { collectionOf } from './projector.ts'

const CONNECTIONS = 64
const AT_A_TIME = 1_000
const LOOKED_AT = 20

/** `GET /users/:id`, whole and conditional: the query service as `api` alone, since nothing is projected here. */
export async function readRows(site: Site): Promise<Comparison> {
  const { users } = site.sizes
  const { url, parts, places } = await apiOn(site, users)
  const twin = await findServer(site, places)
  const contenders = (['read', 'unchanged'] as const).flatMap((kind) => [
    reader(site, { name: NAMES[kind].ours, url, parts, users, kind }),
    reader(site, { name: NAMES[kind].twin, ...twin, users, kind }),
  ])
  // Once unmeasured: what runs first would pay for the compiler.
  for (const contender of contenders) await contender.measure()
  const row = { unit: 'a second', better: 'higher', target: { ratio: 0.9 }, of: perSecond } as const
  return {
    contenders,
    rows: [
      { ...row, name: 'read', title: 'Read by id', ours: NAMES.read.ours, limit: NAMES.read.twin },
      {
        ...row,
        name: 'read-unchanged',
        title: 'Read by id, unchanged (304)',
        ours: NAMES.unchanged.ours,
        limit: NAMES.unchanged.twin,
      },
    ],
  }
}

const NAMES = {
  read: { ours: 'GET /users/:id', twin: 'findOne behind a bare Bun.serve' },
  unchanged: { ours: 'GET /users/:id, If-None-Match', twin: 'the version alone behind a bare Bun.serve' },
}

/** A query service without a projector, over a store with so many users. */
export async function apiOn(
  site: Site,
  users: number,
  number?: number,
  on?: Places,
): Promise<{ url: string; parts: Part[]; places: Places }> {
  const places = on ?? (await placesOn(site))
  const api = await startedOn(site, { role: 'query', places, number, env: { QUERY_ROLES: 'api' } })
  if (!on) await fill(site, places, users)
  return { url: api.url, parts: [partOf(api)], places }
}

export async function fill(site: Site, places: Places, users: number): Promise<void> {
  const collection = await collectionOf(site, places.storeUrl)
  for (let from = 0; from < users; from += AT_A_TIME) {
    site.signal.throwIfAborted()
    const length = Math.min(AT_A_TIME, users - from)
    await collection.insertMany(Array.from({ length }, (_, n) => documentOf(from + n)))
  }
}

export async function findServer(site: Site, places: Places): Promise<{ url: string; parts: Part[] }> {
  const twin = await Twin.start('find-server', { MONGO_URL: places.storeUrl })
  site.defer(() => twin.stop())
  const { port } = await twin.order<{ port: number }>({})
  return { url: `http://127.0.0.1:${port}`, parts: [twin.part] }
}

export interface Reader {
  readonly name: string
  readonly url: string
  readonly parts: readonly Part[]
  readonly users: number
  readonly kind: 'read' | 'unchanged'
  readonly connections?: number
}

export const reader = (site: Site, reading: Reader): Contender => ({
  name: reading.name,
  async measure() {
    const { url, parts, users, kind, connections = CONNECTIONS } = reading
    const order = { url, connections, seconds: site.sizes.seconds, kind, run: 'r', documents: users }
    await checkAnswers(reading)
    const { result, cpuMs } = await metered(site, parts, () => wrk(site.wrk, order, site.signal))
    await checkAnswers(reading)
    return { ...result, count: result.requests, cpuMs }
  },
})

/** Is it what was asked for, and of the user who was asked for? @throws Incomplete */
export async function checkAnswers({ url, users, kind }: Reader): Promise<void> {
  for (let look = 0; look < LOOKED_AT; look++) {
    const n = Math.floor((look * users) / LOOKED_AT)
    const headers: Record<string, string> = kind === 'unchanged' ? { 'if-none-match': '"1"' } : {}
    const answer = await fetch(`${url}/users/${documentId(n)}`, { headers })
    const body = await answer.text()
    const isRight =
      kind === 'unchanged'
        ? answer.status === 304 && body === ''
        : answer.status === 200 && JSON.parse(body).email === documentOf(n).email
    if (!isRight) throw new Incomplete(`user ${n} was answered ${answer.status}: ${body.slice(0, 200)}`)
    if (answer.headers.get('etag') !== '"1"') throw new Incomplete(`user ${n} came without its version`)
  }
}
