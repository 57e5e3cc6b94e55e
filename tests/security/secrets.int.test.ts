import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

let system: RunningSystem
beforeAll(async () => void (system = await startSystem()), 60_000)
afterAll(() => system.stop())

const person = { first_name: 'Xanthippe', last_name: 'Ypsilanti', email: 'xanthippe@secret.example.com' }
const personal = /xanthippe|ypsilanti|secret\.example/i

async function send(method: string, path: string, body: object | string, headers = {}) {
  const response = await fetch(`${system.command.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

test('S10 whatever a client sends, the log stays one JSON object a line, and says nothing for him', async () => {
  // `startProcess` parses each line: one that is none would have ended it.
  const before = system.command.log.length
  const forged = '{"level":"error","message":"forged"}'
  const paths = [
    `/users/%0a${encodeURIComponent(forged)}`,
    `/%0d%0a${encodeURIComponent(forged)}`,
    '/users/%1b[31m',
  ]
  for (const path of paths) expect((await send('PUT', path, person)).status).toBeGreaterThanOrEqual(400)
  const hostile = { 'x-request-id': `"}${forged}`, 'user-agent': `"}\t${forged}`, traceparent: '00-"-"-01' }
  expect((await send('POST', '/users', { ...person, first_name: `a\n${forged}` }, hostile)).status).toBe(422)
  expect((await send('POST', '/users', { ...person, email: 'log@example.com' }, hostile)).status).toBe(201)
  await waitFor(async () => system.command.log.length >= before + 5, { timeoutMs: 10_000, what: 'the lines' })
  for (const line of system.command.log) {
    expect(line['message']).not.toBe('forged')
    expect(JSON.stringify(line)).not.toContain('forged')
  }
})

describe('S11 no secret, connection string or personal data', () => {
  test('in logs at their finest, in metrics, in health or in an error', async () => {
    const made = await send('POST', '/users', person)
    expect(made.status).toBe(201)
    const { id } = JSON.parse(made.text) as { id: string }
    const refusals = [
      await send('POST', '/users', person),
      await send('POST', '/users', { ...person, first_name: 7, extra: person.email }),
      await send('POST', '/users', `{"email":"${person.email}"`),
      await send('PUT', `/users/${person.email}`, person),
      await send('DELETE', `/users/${crypto.randomUUID()}`, ''),
      await send('PATCH', `/users/${id}`, person),
    ]
    for (const { status, text } of refusals) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toMatch(personal)
      expect(text).not.toMatch(/postgres|\bsql\b|insert into|\/tmp\/|node_modules|\.ts:\d|127\.0\.0\.1/i)
    }
    await waitFor(async () => (await system.query.get(`/users/${id}`)).status === 200, {
      timeoutMs: 15_000,
      what: 'the user to be read',
    })
    await system.query.get(`/users?email=${encodeURIComponent(person.email)}`)
    for (const process of system.all) {
      for (const path of ['/metrics', '/health/pipeline', '/health/ready', '/swagger/json']) {
        const { text } = await process.get(path)
        expect(text).not.toMatch(personal)
        expect(text).not.toMatch(/(amqp|postgres|mongodb):\/\/[^/\s]*@/)
      }
      const log = process.log.map((line) => JSON.stringify(line)).join('\n')
      expect(log).not.toMatch(personal)
      expect(log).not.toMatch(/[a-z]+:\/\/[^/\s"]+:[^/\s"]+@/)
    }
  })
  test('where servers are away, or refuse the login', async () => {
    const secret = 'hunter2secret'
    const env = {
      POSTGRES_URL: `postgres://command:${secret}@127.0.0.1:1/none`,
      POSTGRES_RELAY_URL: system.env['POSTGRES_RELAY_URL']!.replace(/\/\/relay:[^@]*@/, `//relay:${secret}@`),
      RABBITMQ_URL: `amqp://relay:${secret}@${new URL(system.env['RABBITMQ_URL']!).host}`,
      MONGO_URL: `mongodb://query:${secret}@127.0.0.1:1/none`,
      AUTH_SECRET: `${secret}-${'s'.repeat(32)}`,
      AUTH_ISSUER: 'i',
      AUTH_AUDIENCE: 'a',
    }
    const processes = await Promise.all(
      (['command', 'relay', 'query'] as const).map((role) => startProcess(role, env)),
    )
    const complained = () =>
      processes.every(({ log }) => log.some(({ level }) => /^warn|error/.test(String(level))))
    await waitFor(async () => complained(), { timeoutMs: 20_000, what: 'all to complain' })
    for (const process of processes) {
      const { text } = await process.get('/health/ready')
      expect(text).not.toContain(secret)
      expect(process.log.map((line) => JSON.stringify(line)).join('\n')).not.toContain(secret)
      await process.stop()
    }
  }, 60_000)
})

describe('S20 headers', () => {
  test('every answer says how it may be used, and not what serves it', async () => {
    const answers = [
      await fetch(`${system.query.url}/users`),
      await fetch(`${system.query.url}/nothing`),
      await fetch(`${system.command.url}/users`, { method: 'POST', body: 'x' }),
      await fetch(`${system.relay.url}/metrics`),
      await fetch(`${system.command.url}/assets/home.js`),
    ]
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      for (const name of ['server', 'x-powered-by', 'strict-transport-security'])
        expect(headers.get(name)).toBeNull()
    }
    for (const path of ['/', '/swagger']) {
      const policy = (await fetch(system.command.url + path)).headers.get('content-security-policy')
      expect(policy).toContain("script-src 'self';")
      expect(policy).not.toMatch(/unsafe|\*/)
    }
  })
  test('a page of an origin that is not on the list may read nothing', async () => {
    for (const origin of ['https://evil.example.com', 'http://localhost.evil.example.com', 'null']) {
      const answer = await fetch(`${system.query.url}/users`, { headers: { origin } })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      const preflight = await fetch(`${system.command.url}/users`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    }
    const own = await fetch(`${system.query.url}/users`, { headers: { origin: 'http://localhost:3000' } })
    expect(own.headers.get('access-control-allow-origin')).toBe('http://localhost:3000')
    expect(own.headers.get('access-control-allow-credentials')).toBeNull()
  })
})
