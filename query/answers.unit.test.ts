import { describe, expect, test } from 'bun:test'
import { Elysia, t } from 'elysia'
import { createHttpApp } from '../shared/http/app.ts'
import { readDetail } from '../shared/http/read-document.ts'
import { HttpProblem } from '../shared/http/problem.ts'
import { createHealth } from '../shared/process/health.ts'
import { silentLogger } from '../shared/process/log.ts'
import { answersOf } from './answers.ts'
import { listing } from './listing.ts'
import type { Stored } from './reads.ts'
import type { ServedReads } from './served-reads.ts'
import { routeOptions, tokens } from './testing/route-options.ts'
import type { Mark, WaitLimits } from './waiting/until-applied.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
interface Thing {
  readonly label: string
}
const thing = (version: number, label = 'a label'): Stored<Thing> => ({ _id: id, version, label })

/** @param things what the store has */
function setUp(things: readonly Stored<Thing>[] = [thing(3)]) {
  const reading: string[] = []
  const noted = <T>(name: string, value: T) => (reading.push(name), Promise.resolve(value))
  const waits: [Mark, number][] = []
  const reads: ServedReads<Thing> = {
    byId: (wanted) =>
      noted(
        'byId',
        things.find(({ _id }) => _id === wanted),
      ),
    versionOf: (wanted) => noted('versionOf', things.find(({ _id }) => _id === wanted)?.version),
    page: ({ limit }) => noted('page', things.slice(0, limit)),
    versions: () => noted('versions', new Map()),
    async untilApplied(mark: Mark, { waitMs }: WaitLimits) {
      waits.push([mark, waitMs])
      if (waitMs === 0) throw new HttpProblem('not-yet-applied')
    },
  }
  const listed = listing({ of: 'things', sorts: {}, filters: {} })
  const body = t.Object({ id: t.String(), version: t.Integer(), label: t.String() })
  const answers = answersOf(reads, routeOptions({ cacheControl: 'public, max-age=1' }), {
    body,
    listing: listed,
  })
  const app = createHttpApp({
    title: 'Things',
    description: '',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
    modules: [
      new Elysia({ name: 'things' })
        .get('/things/:id', ({ params, request, set }) => answers.one(params.id, { request, set }), {
          detail: readDetail('document', { summary: 'One' }),
        })
        .get('/things', ({ query, request, set }) => answers.page(query, { request, set }), {
          query: listed.query,
          detail: readDetail('list', { summary: 'All' }),
        }),
    ],
  })
  return {
    reading,
    waits,
    app,
    async get(path: string, headers: Record<string, string> = {}, method = 'GET') {
      const response = await app.handle(new Request(`http://localhost${path}`, { method, headers }))
      const bytes = new Uint8Array(await response.arrayBuffer())
      const text = response.headers.has('content-encoding') ? Bun.gunzipSync(bytes) : bytes
      const body = text.length > 0 ? JSON.parse(new TextDecoder().decode(text)) : undefined
      return { status: response.status, headers: response.headers, size: bytes.length, body }
    },
  }
}

const one = `/things/${id}`
const token = tokens.issue(id, 3)

describe('If-None-Match on one document', () => {
  const cases: [string, number][] = [
    ['"3"', 304],
    ['W/"3"', 304],
    ['*', 304],
    ['"1", "3"', 304],
    ['"2"', 200],
    ['3', 200],
  ]
  test.each(cases)('%s: %d', async (header, status) => {
    const { get, reading } = setUp()
    const answer = await get(one, { 'if-none-match': header })
    expect([answer.status, answer.headers.get('etag')]).toEqual([status, '"3"'])
    // The document itself is read only where it is shown.
    expect(reading).toEqual(status === 304 ? ['versionOf'] : ['versionOf', 'byId'])
    expect([answer.size > 0, answer.headers.has('content-type')]).toEqual([status === 200, status === 200])
  })
  test('404 where there is none, whatever the client had', async () => {
    for (const header of ['*', '"3"']) {
      const { status, headers } = await setUp([]).get(one, { 'if-none-match': header })
      expect([status, headers.get('cache-control'), headers.has('etag')]).toEqual([404, 'no-store', false])
    }
  })
})

test('200, 304 and lists have the headers that caches and readers go by', async () => {
  const { get } = setUp()
  const etag = (await get('/things')).headers.get('etag')!
  for (const [path, known] of [
    [one, ''],
    [one, '"3"'],
    ['/things', ''],
    ['/things', etag],
  ] as const) {
    const { headers } = await get(path, { 'if-none-match': known })
    expect([headers.get('cache-control'), headers.get('projection-lag-ms'), headers.get('vary')]).toEqual([
      'public, max-age=1',
      '42',
      'Accept, Accept-Encoding, Authorization, Consistency-Token, Origin',
    ])
  }
})

describe('the tag of a list', () => {
  test('is weak, the same for the same page, and answered with 304', async () => {
    const etag = (await setUp().get('/things')).headers.get('etag')!
    expect(etag).toMatch(/^W\/"[0-9a-z]+-[0-9a-z]+"$/)
    const { status, size } = await setUp().get('/things', { 'if-none-match': etag })
    expect([status, size]).toEqual([304, 0])
  })
  test('changes with a version, with an item more, and with a page behind it', async () => {
    const other = { ...thing(3), _id: id.replace(/7$/, '8') }
    const pages = [[thing(3)], [thing(4)], [thing(3), other], [other, thing(3)], []]
    const tags = await Promise.all(
      pages.map(async (page) => (await setUp(page).get('/things')).headers.get('etag')),
    )
    tags.push((await setUp([thing(3), other]).get('/things?limit=1')).headers.get('etag'))
    // The page that ends after its one item, and the one that has another behind it, read the same two documents.
    expect(new Set(tags).size).toBe(5)
  })
})

describe('a large list', () => {
  const many = Array.from({ length: 50 }, (_, index) => thing(index + 1, `label ${index}`))
  test('is compressed where the client takes that', async () => {
    const { get } = setUp(many)
    const [plain, packed] = [
      await get('/things?limit=100'),
      await get('/things?limit=100', { 'accept-encoding': 'gzip' }),
    ]
    expect([plain.headers.get('content-encoding'), packed.headers.get('content-encoding')]).toEqual([
      null,
      'gzip',
    ])
    expect(packed.body).toEqual(plain.body)
    expect(packed.headers.get('etag')).toBe(plain.headers.get('etag'))
    expect(packed.headers.get('content-type')).toBe('application/json;charset=utf-8')
    expect(packed.size).toBeLessThan(plain.size / 4)
  })
  test('is not where it is refused or liked less, nor is a small one', async () => {
    for (const header of ['gzip;q=0', 'identity, gzip;q=0.5', 'br'])
      expect(
        (await setUp(many).get('/things', { 'accept-encoding': header })).headers.has('content-encoding'),
      ).toBe(false)
    expect(
      (await setUp().get('/things', { 'accept-encoding': 'gzip' })).headers.has('content-encoding'),
    ).toBe(false)
  })
})

test('406 only where nothing that the route offers will do', async () => {
  const accept = async (path: string, accept: string) => (await setUp().get(path, { accept })).status
  expect(await accept(one, 'application/x-ndjson')).toBe(406)
  expect(await accept('/things', 'text/csv')).toBe(406)
  expect(await accept('/things', 'text/csv, */*;q=0.1')).toBe(200)
})

describe('a read with a Consistency-Token', () => {
  const mark = { id, aggregateId: id, version: 3 }
  const cases: [prefer: string | undefined, waitMs: number, applied: string | null][] = [
    [undefined, 2_000, null],
    ['wait=5', 5_000, 'wait=5'],
    ['wait=60', 10_000, 'wait=10'],
    ['wait=soon', 2_000, null],
  ]
  for (const path of [one, '/things'])
    test.each(cases)(`${path} waits, with Prefer: %s for %d ms`, async (prefer, waitMs, applied) => {
      const { get, waits } = setUp()
      const headers = { 'consistency-token': token, ...(prefer && { prefer }) }
      const answer = await get(path, headers)
      expect([answer.status, answer.headers.get('preference-applied')]).toEqual([200, applied])
      expect(waits).toEqual([[mark, waitMs]])
    })
  test('without a token nobody waits, whatever he prefers', async () => {
    const { get, waits } = setUp()
    const { headers } = await get(one, { prefer: 'wait=5' })
    expect([headers.has('preference-applied'), waits]).toEqual([false, []])
  })
  test('503 when the time is over, with what was done and when to come back', async () => {
    const { status, headers, body } = await setUp().get(one, { 'consistency-token': token, prefer: 'wait=0' })
    expect([status, body.type, headers.get('retry-after'), headers.get('preference-applied')]).toEqual([
      503,
      '/problems/not-yet-applied',
      '1',
      'wait=0',
    ])
  })
  test('400 for what is no token, and on one document for the token of another', async () => {
    const other = tokens.issue(id.replace(/7$/, '8'), 1)
    const refused = { status: 400, type: '/problems/bad-token' }
    for (const [path, given] of [
      [one, 'x'],
      ['/things', `${token}x`],
      [one, ''],
    ] as const)
      expect((await setUp().get(path, { 'consistency-token': given })).body).toMatchObject(refused)
    expect((await setUp().get(one, { 'consistency-token': other })).body).toMatchObject(refused)
    expect((await setUp().get('/things', { 'consistency-token': other })).status).toBe(200)
  })
  test('the id may be written in capitals', async () => {
    const { status } = await setUp().get(one.toUpperCase().replace('THINGS', 'things'), {
      'consistency-token': token,
    })
    expect(status).toBe(200)
  })
})

describe('a list as a stream', () => {
  const many = Array.from({ length: 3 }, (_, index) => thing(index + 1))
  const accept = 'application/x-ndjson'
  async function lines(path: string, headers: Record<string, string> = {}) {
    const { app } = setUp(many)
    const response = await app.handle(
      new Request(`http://localhost${path}`, { headers: { accept, ...headers } }),
    )
    return { response, lines: (await response.text()).split('\n').filter(Boolean) }
  }
  test('is all of it, a line each, and kept by nobody', async () => {
    const { response, lines: found } = await lines('/things')
    expect(found.map((line) => JSON.parse(line))).toEqual(
      many.map(({ version }) => ({ id, version, label: 'a label' })),
    )
    expect([response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
      accept,
      'no-store',
    ])
    expect([response.headers.has('etag'), response.headers.get('projection-lag-ms')]).toEqual([false, '42'])
  })
  test('ends at a limit that was asked for, and has no default', async () => {
    expect((await lines('/things?limit=2')).lines.length).toBe(2)
    expect((await lines('/things', { accept: `${accept};q=0.5, application/json;q=0.1` })).lines.length).toBe(
      3,
    )
  })
  test('waits for a token, and refuses a bad cursor as a page does', async () => {
    const { get } = setUp(many)
    expect((await get('/things?cursor=x', { accept })).status).toBe(400)
    expect((await get('/things', { accept, 'consistency-token': token, prefer: 'wait=0' })).status).toBe(503)
  })
})
