import { describe, expect, test } from 'bun:test'
import { createHttpApp } from '../../shared/http/app.ts'
import { createHealth } from '../../shared/process/health.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import { silentLogger } from '../../shared/process/log.ts'
import type { PageRequest, Reads, Stored } from '../reads.ts'
import type { UserDocument } from './document.ts'
import { routeOptions } from '../testing/route-options.ts'
import { userRoutes } from './routes.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const stored: Stored<UserDocument> = {
  _id: id,
  version: 3,
  first_name: 'Zoë',
  last_name: "O'Neil",
  email: 'zoe@example.com',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-03T03:04:05.678Z',
  first_name_key: 'zoe',
  last_name_key: "o'neil",
  email_key: 'zoe@example.com',
}
const shown = {
  id,
  version: 3,
  first_name: 'Zoë',
  last_name: "O'Neil",
  email: 'zoe@example.com',
  created_at: stored.created_at,
  updated_at: stored.updated_at,
}

function setUp(reads: Partial<Reads<UserDocument>> = {}) {
  const asked: PageRequest[] = []
  const app = createHttpApp({
    title: 'Query',
    description: '',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
    modules: [
      userRoutes(
        {
          byId: async (wanted) => (wanted === id ? stored : undefined),
          async page(request) {
            asked.push(request)
            return Array.from({ length: 3 }, () => stored)
          },
          versions: async () => new Map(),
          untilApplied: async () => {},
          versionOf: async (wanted) => (wanted === id ? stored.version : undefined),
          ...reads,
        },
        routeOptions(),
      ),
    ],
  })
  return {
    asked,
    async get(path: string, headers: Record<string, string> = {}, method = 'GET') {
      const response = await app.handle(new Request(`http://localhost${path}`, { method, headers }))
      const bytes = new Uint8Array(await response.arrayBuffer())
      const isGzip = response.headers.get('content-encoding') === 'gzip'
      const text = new TextDecoder().decode(isGzip ? Bun.gunzipSync(bytes) : bytes)
      const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '') && !text.includes('}\n')
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text ? JSON.parse(text) : text,
      }
    },
  }
}

describe('GET /users/:id', () => {
  test('200 with the user and its version as ETag, whatever the case of the id', async () => {
    for (const path of [`/users/${id}`, `/users/${id.toUpperCase()}`]) {
      const { status, headers, body } = await setUp().get(path)
      expect([status, headers.get('etag'), body]).toEqual([200, '"3"', shown])
    }
  })
  test('404 for an unknown user', async () => {
    const { status, body } = await setUp().get('/users/01890a5d-ac96-774b-bcce-b302099a8058')
    expect([status, body.type]).toEqual([404, '/problems/not-found'])
  })
  test('422 for what is no UUID, and for unknown parameters', async () => {
    expect((await setUp().get('/users/42')).body).toMatchObject({
      status: 422,
      errors: [{ pointer: 'path:id', detail: 'must be a UUID' }],
    })
    expect((await setUp().get(`/users/${id}?x=1`)).body).toMatchObject({
      status: 422,
      errors: [{ pointer: 'query:x' }],
    })
  })
  test('503 with Retry-After while the store is away', async () => {
    const away = async () => {
      throw new HttpProblem('unavailable')
    }
    const { status, headers } = await setUp({ byId: away }).get(`/users/${id}`)
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
  })
})

describe('GET /users', () => {
  test('a page, its cursor, and the absolute address of the next one', async () => {
    const { get } = setUp()
    const { status, headers, body } = await get('/users?limit=2')
    expect([status, body.items]).toEqual([200, [shown, shown]])
    expect(headers.get('link')).toBe(
      `<https://api.example.com/users?limit=2&cursor=${body.next_cursor}>; rel="next"`,
    )
    expect((await get(`/users?limit=2&cursor=${body.next_cursor}`)).status).toBe(200)
  })
  test('the last page has neither', async () => {
    const { headers, body } = await setUp().get('/users')
    expect([body.items.length, body.next_cursor, headers.get('link')]).toEqual([3, null, null])
  })

  test('each sort is an order of the store, and a cursor begins behind its position', async () => {
    const { get, asked } = setUp()
    const orders: [string, object, string][] = [
      ['created_at', { field: '_id', direction: 1 }, id],
      ['-created_at', { field: '_id', direction: -1 }, id],
      ['last_name', { field: 'last_name_key', direction: 1 }, "o'neil"],
      ['-last_name', { field: 'last_name_key', direction: -1 }, "o'neil"],
    ]
    for (const [sort, order, value] of orders) {
      const { body } = await get(`/users?limit=1&sort=${sort}`)
      await get(`/users?limit=1&sort=${sort}&cursor=${body.next_cursor}`)
      expect(asked.splice(0)).toMatchObject([
        { order, after: undefined, limit: 2 },
        { order, after: { value, id }, limit: 2 },
      ])
    }
    await get('/users')
    expect(asked[0]).toMatchObject({ order: { field: '_id', direction: 1 }, limit: 21, where: [] })
  })

  test('filters become conditions on folded keys: equality and ranges, never expressions', async () => {
    const { get, asked } = setUp()
    await get("/users?email=ZOE@Example.com&last_name=O'Neil&name_prefix=Zo%C3%AB.*")
    const range = { $gte: 'zoe.*', $lt: 'zoe.*\u{10ffff}' }
    expect(asked[0]?.where).toEqual([
      { email_key: 'zoe@example.com' },
      { last_name_key: "o'neil", last_name: "O'Neil" },
      { $or: [{ first_name_key: range }, { last_name_key: range }] },
    ])
  })

  const invalid: [string, string][] = [
    ['limit=0', 'query:limit'],
    ['limit=101', 'query:limit'],
    ['limit=1.5', 'query:limit'],
    ['limit=many', 'query:limit'],
    ['limit=', 'query:limit'],
    ['sort=email', 'query:sort'],
    ['email=', 'query:email'],
    ['name_prefix=', 'query:name_prefix'],
    ['offset=1', 'query:offset'],
    ['limit=1&limit=2', 'query:limit'],
    ['email[$gt]=', 'query:email[$gt]'],
  ]
  test.each(invalid)('422 for %s', async (query, pointer) => {
    const { status, body } = await setUp().get(`/users?${query}`)
    expect([status, body.errors.map((error: { pointer: string }) => error.pointer)]).toEqual([422, [pointer]])
  })
  test('every error at once', async () => {
    const { body } = await setUp().get('/users?limit=0&sort=x&offset=1')
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      'query:limit',
      'query:offset',
      'query:sort',
    ])
  })
  test('400 for a cursor of another making, or of another list', async () => {
    const { get } = setUp()
    const { body } = await get('/users?limit=1')
    for (const query of [
      'cursor=x',
      `cursor=${body.next_cursor}&sort=last_name`,
      `cursor=${body.next_cursor}&email=a@b.c`,
    ])
      expect((await get(`/users?${query}`)).body).toMatchObject({ status: 400, type: '/problems/bad-cursor' })
  })
})

test('the OpenAPI document has both operations with their parameters and answers', async () => {
  const { body } = await setUp().get('/swagger/json')
  const { get: one } = body.paths['/users/{id}']
  const { get: list } = body.paths['/users'] ?? body.paths['/users/']
  expect([one.operationId, Object.keys(one.responses)]).toEqual([
    'getUser',
    ['200', '304', '400', '404', '406', '422', '503'],
  ])
  expect([list.operationId, Object.keys(list.responses)]).toEqual([
    'listUsers',
    ['200', '304', '400', '406', '422', '503'],
  ])
  const limit = list.parameters.find(({ name }: { name: string }) => name === 'limit')
  expect(limit).toMatchObject({ in: 'query', schema: { minimum: 1, maximum: 100, default: 20 } })
})
