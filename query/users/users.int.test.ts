import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { UserEvent } from '../../shared/events/users.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { createMongoUrl, dropMongo, waitFor } from '../../tests/support/stack.ts'
import { createQueryApp } from '../app.ts'
import { createDatabase, type Database } from '../database.ts'
import { makeIndexes } from '../projector/indexes.ts'
import { createStoreWriter } from '../projector/store-writer.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { readModels } from '../read-models.ts'
import { projectUser } from './users.ts'

const url = createMongoUrl()
let database: Database
let get: (path: string) => Promise<{ status: number; headers: Headers; body: any }>

beforeAll(async () => {
  database = createDatabase({ url, readModels, poolMax: 10, timeoutMs: 3_000, log: silentLogger })
  get = client(database)
  await makeIndexes({ readModels, collectionOf: database.collectionOf })
})
afterAll(async () => {
  await database.stop()
  await dropMongo(url)
})

function client(database: Database, timeoutMs = 3_000) {
  const app = createQueryApp({
    collectionOf: database.collectionOf,
    timeoutMs,
    publicUrl: 'http://query.test',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
  })
  return async (path: string) => {
    const response = await app.handle(new Request(`http://query.test${path}`))
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
  }
}

interface Person {
  readonly id: string
  readonly first?: string
  readonly last?: string
  readonly email?: string
}

/** Puts users where the projector would put them. */
async function store(people: readonly Person[], version = 1): Promise<void> {
  const time = '2026-01-02T03:04:05.678Z'
  const changes = people.map(({ id, first = 'Ada', last = 'Byron', email = `${id}@example.com` }) => {
    const data = { id, first_name: first, last_name: last, email, created_at: time, updated_at: time }
    return { id, version, time, document: projectUser({ type: 'users.user.created.v2', data } as UserEvent) }
  })
  await createStoreWriter(database.collectionOf).write('users_g1', changes)
}

async function remove(id: string): Promise<void> {
  const change = { id, version: 1_000, time: '2026-01-02T03:04:05.678Z', document: null }
  await createStoreWriter(database.collectionOf).write('users_g1', [change])
}

const newId = () => Bun.randomUUIDv7()

/** Follows `Link` from the first page to the last. */
async function allPages(path: string, between: () => Promise<unknown> = async () => {}): Promise<any[]> {
  const items: any[] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, headers, body } = await get(next)
    expect(status).toBe(200)
    items.push(...body.items)
    next = /^<http:\/\/query\.test([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
    expect(next === undefined).toBe(body.next_cursor === null)
    await between()
  }
  return items
}

describe('1,000 users, page by page, while others are created, renamed and deleted', () => {
  const ids = Array.from({ length: 1_000 }, newId)
  beforeAll(() => store(ids.map((id, index) => ({ id, last: `Name ${String(index % 7)}` }))))

  for (const sort of ['created_at', '-created_at', 'last_name', '-last_name'])
    test(`${sort}: each of them once`, async () => {
      const steady = new Set(ids.slice(100))
      let turn = 0
      const items = await allPages(`/users?limit=97&sort=${sort}`, async () => {
        turn++
        await store([{ id: newId(), last: 'Name 3' }])
        await store([{ id: ids[turn]!, last: 'Aardvark' }], 2)
        await remove(ids[50 + turn]!)
      })
      const shown = items.map(({ id }) => id).filter((id) => steady.has(id))
      expect([shown.length, new Set(shown).size]).toEqual([900, 900])
      const keys = items.map(({ id, last_name }) =>
        sort.endsWith('last_name') ? `${last_name.toLowerCase()} ${id}` : id,
      )
      expect(keys).toEqual(sort.startsWith('-') ? keys.toSorted().toReversed() : keys.toSorted())
    })
})

describe('filters', () => {
  const people = {
    zoe: { id: newId(), first: 'Zoë', last: 'Ångström', email: 'Zoe@Filters.example' },
    zoltan: { id: newId(), first: 'Zoltán', last: "O'Zoe", email: 'zoltan@filters.example' },
    shouting: { id: newId(), first: 'Bo', last: 'ÅNGSTRÖM', email: 'bo@filters.example' },
    pjotr: { id: newId(), first: 'Пётр', last: 'Иванов', email: 'pjotr@filters.example' },
    yamada: { id: newId(), first: '太郎', last: '山田', email: 'yamada@filters.example' },
    gone: { id: newId(), first: 'Zoe', last: 'Ångström', email: 'gone@filters.example' },
  }
  beforeAll(async () => {
    await store(Object.values(people))
    await remove(people.gone.id)
  })

  const cases: [string, (keyof typeof people)[]][] = [
    ['email=zoe@filters.EXAMPLE', ['zoe']],
    ['email=gone@filters.example', []],
    ['last_name=Ångström', ['zoe']],
    [`last_name=${'A\u030angstro\u0308m'}`, ['zoe']],
    ['last_name=angstrom', []],
    ['name_prefix=angs', ['zoe', 'shouting']],
    ['name_prefix=ZO', ['zoe', 'zoltan']],
    ['name_prefix=zoë', ['zoe']],
    ["name_prefix=o'z", ['zoltan']],
    ['name_prefix=петр', ['pjotr']],
    ['name_prefix=山', ['yamada']],
    ['name_prefix=.*', []],
    ['name_prefix=zo&email=zoltan@filters.example', ['zoltan']],
  ]
  test.each(cases)('%s', async (query, found) => {
    const items = await allPages(`/users?${new URLSearchParams(query)}&limit=1`)
    expect(items.map(({ id }) => id)).toEqual(found.map((name) => people[name].id))
  })
  test('one page behind another, in the order of names', async () => {
    const items = await allPages('/users?name_prefix=angs&sort=-last_name&limit=1')
    expect(items.map(({ last_name }) => last_name)).toEqual(['ÅNGSTRÖM', 'Ångström'])
  })
})

test('a deleted user is not found, and leaves no personal data', async () => {
  const id = newId()
  await store([{ id }])
  expect((await get(`/users/${id}`)).status).toBe(200)
  await remove(id)
  expect((await get(`/users/${id}`)).body).toMatchObject({ status: 404, type: '/problems/not-found' })
  const { _id, ...rest } = (await database.collectionOf('users_g1').findOne({ _id: id })) as Record<
    string,
    unknown
  >
  expect(Object.keys(rest).sort()).toEqual(['deleted_at', 'version'])
})

test("MikroORM's model of the collection reads what the projector wrote, tombstones too", async () => {
  const [alive, gone] = [newId(), newId()]
  await store([{ id: alive, first: 'Zoë' }, { id: gone }])
  await remove(gone)
  const { class: User } = database.orm.getMetadata().getByClassName('users_g1')
  const found = await database.orm.em
    .fork()
    .find(User, { _id: { $in: [alive, gone] } }, { orderBy: { _id: 1 } })
  expect(
    found.map(({ _id, version, first_name, deleted_at }: any) => [_id, version, first_name, deleted_at]),
  ).toEqual([
    [alive, 1, 'Zoë', undefined],
    [gone, 1_000, undefined, '2026-01-02T03:04:05.678Z'],
  ])
})

test('the indexes skip tombstones', async () => {
  const indexes = await database.collectionOf('users_g1').indexes()
  expect(
    indexes
      .filter(({ partialFilterExpression }) => partialFilterExpression)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['email_key', 'first_name_key', 'last_name_key'])
})

describe('a store that is away', () => {
  test('503 with Retry-After within a bounded time, and reads again when it is back', async () => {
    const { url: proxied, proxy } = await behindProxy(url)
    await proxy.down()
    const away = createDatabase({
      url: proxied,
      readModels,
      poolMax: 5,
      timeoutMs: 500,
      log: silentLogger,
    })
    await away.start()
    const id = newId()
    await store([{ id }])
    const read = client(away, 500)
    try {
      for (const path of [`/users/${id}`, '/users']) {
        const startedAt = performance.now()
        const { status, headers, body } = await read(path)
        expect([status, headers.get('retry-after'), body.type]).toEqual([503, '1', '/problems/unavailable'])
        expect(performance.now() - startedAt).toBeLessThan(2_000)
      }
      await proxy.up()
      await waitFor(async () => (await read(`/users/${id}`)).status === 200, {
        timeoutMs: 10_000,
        what: 'a read',
      })
    } finally {
      await away.stop()
      await proxy.stop()
    }
  })

  test('a store that hangs is one that is away', async () => {
    const { url: proxied, proxy } = await behindProxy(url)
    const hanging = createDatabase({
      url: proxied,
      readModels,
      poolMax: 5,
      timeoutMs: 500,
      log: silentLogger,
    })
    await hanging.start()
    const id = newId()
    await store([{ id }])
    const read = client(hanging, 500)
    try {
      await waitFor(async () => (await read(`/users/${id}`)).status === 200, {
        timeoutMs: 10_000,
        what: 'a read',
      })
      proxy.mute('both')
      const startedAt = performance.now()
      expect((await read(`/users/${id}`)).status).toBe(503)
      expect(performance.now() - startedAt).toBeLessThan(2_000)
      proxy.unmute()
      proxy.cut()
      await waitFor(async () => (await read(`/users/${id}`)).status === 200, {
        timeoutMs: 10_000,
        what: 'a read',
      })
    } finally {
      await hanging.stop()
      await proxy.stop()
    }
  })
})
