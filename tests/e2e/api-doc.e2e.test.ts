import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { audience, issuer, signed } from '../../shared/http/access/testing.ts'
import {
  lasting,
  Meanings,
  parseExchanges,
  type DocumentedExchange,
} from '../support/documented-exchanges.ts'
import { startProcess, type RunningProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

const secret = 'a secret of thirty-two characters'
type Urls = Readonly<Record<'3000' | '3001', string>>

let system: RunningSystem
const others: RunningProcess[] = []
const urlsOf: Record<string, Urls> = {}
beforeAll(async () => {
  system = await startSystem()
  urlsOf['usual'] = { 3000: system.command.url, 3001: system.query.url }
  const auth = { AUTH_SECRET: secret, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }
  urlsOf['authenticated'] = await alsoStart(auth)
  urlsOf['limited'] = await alsoStart({ RATE_LIMIT_PER_S: '1', RATE_LIMIT_BURST: '1' })
}, 90_000)
afterAll(async () => {
  await Promise.all(others.map((one) => one.stop()))
  await system.stop()
})

/** Beside the others, on the same servers. */
async function alsoStart(settings: Record<string, string>): Promise<Urls> {
  const env = { ...system.env, ...settings }
  const [command, query] = await Promise.all([startProcess('command', env), startProcess('query', env)])
  others.push(command, query)
  for (const one of [command, query])
    await waitFor(async () => (await one.get('/health/ready')).status === 200, {
      timeoutMs: 20_000,
      what: 'ready',
    })
  return { 3000: command.url, 3001: query.url }
}

test('docs/api.md: each request is answered as the document has it, in its order', async () => {
  const exchanges = parseExchanges(await readFile(join(import.meta.dirname, '../../docs/api.md'), 'utf8'))
  const tokens = {
    $TOKEN: await token('users:read users:write'),
    $READER: await token('users:read'),
  }
  const meanings = new Meanings()
  for (const exchange of exchanges) {
    const { method, url, answer } = exchange
    const what = `${method} ${url}`
    const came = await performed(exchange, meanings, tokens)
    expect([what, came.status]).toEqual([what, answer.status])
    for (const [name, documented] of Object.entries(answer.headers))
      expect([what, name, meanings.learn(documented, came.headers.get(name) ?? 'none')]).toEqual([
        what,
        name,
        documented,
      ])
    expect([what, meanings.learn(answer.body, came.body)]).toEqual([what, answer.body])
  }
  expect(exchanges.length).toBeGreaterThanOrEqual(20)
}, 60_000)

const token = (scope: string) => signed({ scope }, new TextEncoder().encode(secret), { alg: 'HS256' })

/** Once; a read until the read side has what was written before it, and 429 as soon as it comes. */
async function performed(
  { to, method, url, headers, body, answer }: DocumentedExchange,
  meanings: Meanings,
  tokens: Readonly<Record<string, string>>,
): Promise<Came> {
  const urls = urlsOf[to]!
  const sent = Object.entries(headers).map(([name, value]) => [
    name,
    meanings.now(value).replace(/\$\w+/, (word) => tokens[word]!),
  ])
  const send = async (): Promise<Came> => {
    const target = meanings
      .now(url)
      .replace(/^http:\/\/localhost:(300[01])/, (_, port: keyof Urls) => urls[port])
    const response = await fetch(target, {
      method,
      headers: Object.fromEntries(sent),
      ...(body !== undefined && { body: meanings.now(body) }),
    })
    const text = (await response.text()).trimEnd()
    const isJson = /\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.stringify(JSON.parse(text), null, 2) : text,
    }
  }
  if (method !== 'GET') return send()
  let came = await send()
  const isThere = () => came.status === answer.status && lasting(came.body) === lasting(answer.body)
  const again = async () => isThere() || ((came = await send()), isThere())
  // Where it never comes, what came instead is compared, and shown.
  await waitFor(again, { timeoutMs: 5_000, what: 'the documented answer', intervalMs: 20 }).catch(() => {})
  return came
}

interface Came {
  readonly status: number
  readonly headers: Headers
  /** JSON as the document has it. */
  readonly body: string
}
