import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { commonSettings } from '../process/common-settings.ts'
import { createHealth } from '../process/health.ts'
import { silentLogger } from '../process/log.ts'
import { loadSettings } from '../process/settings.ts'
import { createHttpApp } from './app.ts'
import { cors } from './cors.ts'

const things = new Elysia({ name: 'things' })
  .post('/things', () => ({}))
  .get('/boom', () => {
    throw new Error('boom')
  })

function app(corsOrigins?: readonly string[]) {
  const made = createHttpApp({
    title: 'Things',
    description: '',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
    modules: [things],
    ...(corsOrigins && { corsOrigins }),
  })
  return (path: string, init: RequestInit) => made.handle(new Request(`http://localhost${path}`, init))
}
const from = (origin: string, method = 'GET') => ({ method, headers: { origin } })
const allowedTo = (response: Response) => response.headers.get('access-control-allow-origin')

describe('an answer', () => {
  const call = app(['https://app.example.com', 'http://localhost:*'])
  test('names an allowed origin, and what its page may read', async () => {
    const response = await call('/things', from('https://app.example.com', 'POST'))
    expect(allowedTo(response)).toBe('https://app.example.com')
    const readable = response.headers.get('access-control-expose-headers')?.split(', ')
    for (const name of [
      'Location',
      'ETag',
      'Retry-After',
      'Consistency-Token',
      'Accept-Patch',
      'WWW-Authenticate',
    ])
      expect(readable).toContain(name)
    expect(response.headers.get('vary')).toBe('Origin')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })
  test('names it on errors too, so that a page can read the problem', async () => {
    for (const path of ['/nope', '/boom']) {
      const response = await call(path, from('http://localhost:5173'))
      expect([response.ok, allowedTo(response)]).toEqual([false, 'http://localhost:5173'])
    }
  })
  test('is the same for everyone else, and caches are told that it differs by origin', async () => {
    for (const init of [{}, from('https://app.example.com.evil.net'), from('null')]) {
      const response = await call('/things', { ...init, method: 'POST' })
      expect([response.status, allowedTo(response), response.headers.get('vary')]).toEqual([
        200,
        null,
        'Origin',
      ])
    }
  })
  test('has none of it where no origins are given', async () => {
    const response = await app()('/things', from('http://localhost:3000', 'POST'))
    expect([allowedTo(response), response.headers.get('vary')]).toEqual([null, null])
  })
})

describe('a preflight', () => {
  const call = app(['http://localhost:*'])
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type,if-match',
    },
  })
  test('from an allowed origin is answered, whatever the path', async () => {
    const response = await call('/things/1', preflight('http://localhost:3001'))
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'http://localhost:3001',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'content-type,if-match',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Headers',
    })
  })
  test('from a stranger allows nothing', async () => {
    const response = await call('/things', preflight('https://evil.example'))
    const names = [...response.headers.keys()].filter((name) => name.startsWith('access-control'))
    expect([response.status, names]).toEqual([204, []])
  })
  test('is an OPTIONS that says for which method', async () => {
    const plain = await call('/things', from('http://localhost:3001', 'OPTIONS'))
    expect([plain.headers.get('allow'), plain.headers.get('access-control-allow-methods')]).toEqual([
      'OPTIONS, POST',
      null,
    ])
    const { headers } = preflight('http://localhost:3001')
    expect((await call('/things', { method: 'POST', headers })).status).toBe(200)
  })
})

test('an origin matches as a whole, with any port only where the setting says so', () => {
  const matches = (setting: string, origin: string) =>
    'access-control-allow-origin' in cors([setting]).headersFor(origin)
  for (const [setting, origin, expected] of [
    ['http://localhost:*', 'http://localhost', true],
    ['http://localhost:*', 'http://localhost:3000', true],
    ['http://localhost:*', 'https://localhost:3000', false],
    ['http://localhost:*', 'http://localhost:3000.evil.net', false],
    ['http://localhost:*', 'http://localhost.evil.net', false],
    ['https://app.example.com', 'https://app-example.com', false],
    ['https://app.example.com', 'https://app.example.com:444', false],
    ['http://[::1]:3000', 'http://[::1]:3000', true],
    ['*', 'https://anyone.example', true],
  ] as const)
    expect([setting, origin, matches(setting, origin)]).toEqual([setting, origin, expected])
})

test('the setting is a list of origins, or none', () => {
  const parse = (CORS_ORIGINS: string) => loadSettings(commonSettings, { CORS_ORIGINS }).CORS_ORIGINS
  expect(parse('')).toEqual(['http://localhost:*', 'http://127.0.0.1:*'])
  expect(parse('none')).toEqual([])
  expect(parse('https://app.example.com, http://[::1]:80,*')).toEqual([
    'https://app.example.com',
    'http://[::1]:80',
    '*',
  ])
  for (const bad of [
    'localhost:3000',
    'https://app.example.com/',
    'https://*.example.com',
    'ftp://x',
    'none,*',
  ])
    expect(() => parse(bad)).toThrow('CORS_ORIGINS must be a comma-separated list of origins')
})
