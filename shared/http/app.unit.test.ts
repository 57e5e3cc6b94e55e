import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { createHealth } from '../process/health.ts'
import { silentLogger } from '../process/log.ts'
import { createHttpApp, type Answer } from './app.ts'
import { HttpProblem } from './problem.ts'
import { withProblems } from './schemas.ts'

const things = new Elysia({ name: 'things' })
  .post('/things', ({ body, set }) => ((set.status = 201), body), {
    body: Type.Object(
      { name: Type.String({ minLength: 2, 'x-error': 'must have two characters' }) },
      { additionalProperties: false },
    ),
    response: withProblems({ 201: Type.Object({ name: Type.String() }) }, 415, 422),
  })
  .get('/things/:id', ({ params }) => ({ id: params.id }), {
    params: Type.Object({ id: Type.String({ pattern: '^[0-9]+$' }) }),
    query: Type.Object({ limit: Type.Optional(Type.String()) }, { additionalProperties: false }),
  })
  .delete('/things/:id', ({ set }) => void (set.status = 204))
  .get('/boom', () => {
    throw new Error('secret text')
  })
  .get('/lies', () => ({ name: 1 }) as never, { response: { 200: Type.Object({ name: Type.String() }) } })
  .get('/away', () => {
    throw new HttpProblem('unavailable', { retryAfterS: 7 })
  })

const grouped = new Elysia({ name: 'grouped', prefix: '/grouped' }).get('/', () => ({}))

function setUp() {
  const answers: Answer[] = []
  const app = createHttpApp({
    title: 'Things',
    description: 'For tests',
    log: silentLogger,
    health: createHealth({
      ready: [() => ({ name: 'database', state: 'failed', reason: 'away' })],
      pipeline: [],
    }),
    metricsText: async () => 'up 1\n',
    onAnswer: (answer) => answers.push(answer),
    bodyBytesMax: 100,
    modules: [things, grouped],
  })
  const call = async (path: string, init?: RequestInit) => {
    const response = await app.handle(new Request(`http://localhost${path}`, init))
    const body = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(body) : body }
  }
  return { app, call, answers }
}
const post = (
  body: ConstructorParameters<typeof Response>[0],
  headers: Record<string, string> = { 'content-type': 'application/json' },
) => ({
  method: 'POST',
  body,
  headers,
})

describe('every error is a problem', () => {
  const { call } = setUp()
  const cases: [name: string, path: string, init: RequestInit | undefined, status: number, slug: string][] = [
    ['unknown path', '/nope', undefined, 404, 'not-found'],
    ['malformed JSON', '/things', post('{"name":'), 400, 'malformed-json'],
    ['invalid UTF-8', '/things', post(Uint8Array.of(0x22, 0xff, 0x22)), 400, 'malformed-json'],
    [
      'another media type',
      '/things',
      post('{"name":"ab"}', { 'content-type': 'text/plain' }),
      415,
      'unsupported-media-type',
    ],
    [
      'an encoded body',
      '/things',
      post('{"name":"ab"}', { 'content-type': 'application/json', 'content-encoding': 'gzip' }),
      415,
      'unsupported-media-type',
    ],
    [
      'a body over the limit',
      '/things',
      post(JSON.stringify({ name: 'x'.repeat(100) })),
      413,
      'content-too-large',
    ],
    ['no body', '/things', { method: 'POST' }, 422, 'invalid'],
    ['__proto__ in the body', '/things', post('{"name":"ab","__proto__":{"a":1}}'), 422, 'invalid'],
    ['a parameter given twice', '/things/1?limit=1&limit=2', undefined, 422, 'invalid'],
    ['an unknown parameter', '/things/1?nope=1', undefined, 422, 'invalid'],
    ['a parameter where none is known', '/boom?nope=1', undefined, 422, 'invalid'],
    ['a question mark as a parameter', '/boom??', undefined, 422, 'invalid'],
    ['a parameter of a write', '/things/1?nope=1', { method: 'DELETE' }, 422, 'invalid'],
    ['a Host that is none', '/things/1', { headers: { host: 'a b' } }, 400, 'bad-request'],
    ['a query that is no UTF-8', '/things/1?limit=%ff', undefined, 400, 'bad-request'],
    ['a path parameter', '/things/x', undefined, 422, 'invalid'],
    [
      'Accept without JSON',
      '/things/1',
      { headers: { accept: 'text/html;q=1, application/json;q=0' } },
      406,
      'not-acceptable',
    ],
    ['an exception', '/boom', undefined, 500, 'internal'],
    ['a response against its schema', '/lies', undefined, 500, 'internal'],
    ['a missing dependency', '/away', undefined, 503, 'unavailable'],
  ]
  for (const [name, path, init, status, slug] of cases)
    test(`${name}: ${status} ${slug}`, async () => {
      const answer = await call(path, init)
      expect(answer.body).toMatchObject({ type: `/problems/${slug}`, status })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
      expect(JSON.stringify(answer.body)).not.toContain('secret')
    })

  test('a chunked body is counted while it arrives', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(60))
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(chunk)
      },
    })
    expect((await call('/things', post(body))).status).toBe(413)
  })
  test('each field has its error', async () => {
    const { body } = await call('/things', post('{"name":"a","extra":1}'))
    expect(body.errors).toEqual([
      { pointer: '/extra', detail: 'is not known here' },
      { pointer: '/name', detail: 'must have two characters' },
    ])
  })
  test('a body may be nested so deep and no deeper, whatever its strings hold', async () => {
    const deep = (levels: number) => `{"name":${'['.repeat(levels - 1)}"]\\"}}"${']'.repeat(levels - 1)}}`
    const errors = async (text: string) => (await call('/things', post(text))).body.errors
    expect(await errors(deep(32))).toEqual([{ pointer: '/name', detail: 'must have two characters' }])
    const tooDeep = [{ pointer: '/', detail: 'arrays and objects may be nested 32 deep' }]
    for (const text of [deep(33), '['.repeat(99), '[{"a":'.repeat(16) + '['])
      expect(await errors(text)).toEqual(tooDeep)
  })
  test('OPTIONS says what a path knows', async () => {
    const { status, headers, body } = await call('/things/1', { method: 'OPTIONS' })
    expect([status, headers.get('allow'), body]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS', ''])
    expect((await call('/nope', { method: 'OPTIONS' })).status).toBe(404)
  })
  test('a wrong method names the right ones', async () => {
    const { status, headers } = await call('/things/1', { method: 'PATCH' })
    expect([status, headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS'])
    expect((await call('/things/')).status).toBe(405)
    expect((await call('/grouped', { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })
  test('503 says when to come back', async () => {
    expect((await call('/away')).headers.get('retry-after')).toBe('7')
  })
})

test('a request id is taken when harmless and made when not', async () => {
  const { call } = setUp()
  expect(
    (await call('/things/1', { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id'),
  ).toBe('abc-1')
  const made = (await call('/things/1', { headers: { 'x-request-id': 'a b"' } })).headers.get('x-request-id')
  expect(made).toMatch(/^[0-9a-f-]{36}$/)
})

test('health, metrics, and answers seen with route and status', async () => {
  const { call, answers } = setUp()
  expect((await call('/health/live')).body).toEqual({ status: 'ok' })
  expect((await call('/health/ready')).status).toBe(503)
  expect((await call('/health/pipeline')).status).toBe(200)
  expect((await call('/metrics')).body).toBe('up 1\n')
  await call('/things/1')
  await call('/nope')
  while (answers.length < 6) await new Promise(setImmediate)
  expect(answers.map(({ method, route, status }) => [method, route, status]).slice(-2)).toEqual([
    ['GET', '/things/:id', 200],
    ['GET', undefined, 404],
  ])
})

test('the OpenAPI document has descriptions and problems in their own media type', async () => {
  const { call } = setUp()
  const { body } = await call('/swagger/json')
  const { responses } = body.paths['/things'].post
  expect(responses['422'].description).toBeTruthy()
  expect(Object.keys(responses['422'].content)).toEqual(['application/problem+json'])
  expect(Object.keys(responses['201'].content)).toEqual(['application/json'])
  expect(JSON.stringify(body)).not.toMatch(/x-error|"\$id"|"const"/)
  expect(body.paths['/swagger/raw']).toBeUndefined()
})
