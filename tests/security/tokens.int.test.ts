import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { exportSPKI, generateKeyPair, UnsecuredJWT } from 'jose'
import { audience, issuer, signed, startIssuer, type Claims } from '../../shared/http/access/testing.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

let home: Awaited<ReturnType<typeof startIssuer>>
let system: RunningSystem
beforeAll(async () => {
  home = await startIssuer()
  const { publicKey } = await generateKeyPair('RS256')
  publicText = await exportSPKI(publicKey)
  system = await startSystem({
    AUTH_JWKS_URL: home.url,
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
    AUTH_CLOCK_SKEW_S: '5',
  })
}, 60_000)
afterAll(async () => {
  await system.stop()
  await home[Symbol.asyncDispose]()
})
let publicText: string

const everything = 'users:read users:write ops'
async function call(url: string, token?: string, init: RequestInit & { key?: string } = {}) {
  const headers = new Headers({ 'content-type': 'application/json' })
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (init.key) headers.set('idempotency-key', init.key)
  const response = await fetch(url, { ...init, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith('{') ? JSON.parse(text) : text,
  }
}
let people = 0
const create = (token: string | undefined, more: { email?: string; key?: string } = {}) => {
  const { email = `token-${++people}@example.com`, key } = more
  const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email })
  return call(`${system.command.url}/users`, token, { method: 'POST', body, ...(key && { key }) })
}

describe('S9 a token is not taken', () => {
  const bad: Record<string, () => Promise<string> | string> = {
    'without a signature (alg none)': () =>
      new UnsecuredJWT({ scope: everything })
        .setSubject('eve')
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime('1 minute')
        .encode(),
    'signed with the public key as a secret (RS256 as HS256)': () =>
      signed({ scope: everything }, new TextEncoder().encode(publicText), { alg: 'HS256', kid: 'first' }),
    'signed with the published key as a secret': () =>
      signed({ scope: everything }, new TextEncoder().encode(JSON.stringify(home.published[0])), {
        alg: 'HS256',
        kid: 'first',
      }),
    'for another audience': () => home.token({ scope: everything, aud: 'others' }),
    'of another issuer': () => home.token({ scope: everything, iss: 'https://evil.example.com/' }),
    expired: () => home.token({ scope: everything, expiresInS: -30 }),
    'not good yet': () => home.token({ scope: everything, notBeforeS: 60 }),
    'with an unknown key id': async () =>
      signed({ scope: everything }, (await generateKeyPair('ES256')).privateKey, {
        alg: 'ES256',
        kid: 'nobody',
      }),
    "with another's key under a known id": async () =>
      signed({ scope: everything }, (await generateKeyPair('ES256')).privateKey, {
        alg: 'ES256',
        kid: 'first',
      }),
    'with an algorithm that is not listed': async () =>
      signed({ scope: everything }, (await generateKeyPair('ES384')).privateKey, {
        alg: 'ES384',
        kid: 'first',
      }),
    'whose scope was changed': async () => {
      const [header, payload, signature] = (await home.token({ scope: 'users:read' })).split('.')
      const changed = { ...JSON.parse(atob(payload!)), scope: everything }
      return [header, btoa(JSON.stringify(changed)).replace(/=+$/, ''), signature].join('.')
    },
    'that is none': () => 'Zm9v',
    'of 9,000 characters': () => 'a'.repeat(9_000),
    empty: () => '',
  }
  for (const [what, make] of Object.entries(bad))
    test(what, async () => {
      const token = await make()
      for (const answer of [
        await create(token),
        await call(`${system.query.url}/users`, token),
        await call(`${system.relay.url}/metrics`, token),
      ]) {
        expect([answer.status, answer.body.type]).toEqual([401, '/problems/unauthenticated'])
        expect(answer.headers.get('www-authenticate')).toStartWith('Bearer')
      }
    })
  test('but within the skew of clocks, and after a rotation, without a restart', async () => {
    expect((await create(await home.token({ scope: everything, expiresInS: -3 }))).status).toBe(201)
    expect((await create(await home.token({ scope: everything, notBeforeS: 3 }))).status).toBe(201)
  })
  test('in the address, a cookie or another scheme', async () => {
    const token = await home.token({ scope: everything })
    const { url } = system.query
    expect((await call(`${url}/users?access_token=${token}`)).status).toBe(401)
    const elsewhere: Record<string, string>[] = [
      { cookie: `token=${token}` },
      { authorization: `Basic ${btoa(`x:${token}`)}` },
    ]
    for (const headers of elsewhere) expect((await fetch(`${url}/users`, { headers })).status).toBe(401)
  })
})

describe('S18 scopes', () => {
  const cases: [scope: string, expected: Record<string, number>][] = [
    ['users:read', { write: 403, read: 200, ops: 403 }],
    ['users:write', { write: 201, read: 403, ops: 403 }],
    ['ops', { write: 403, read: 403, ops: 200 }],
    ['users:writer users others:write', { write: 403, read: 403, ops: 403 }],
    ['', { write: 403, read: 403, ops: 403 }],
  ]
  for (const [scope, expected] of cases)
    test(`"${scope}" allows what it says and no more`, async () => {
      const token = await home.token({ scope })
      const found = {
        write: (await create(token)).status,
        read: (await call(`${system.query.url}/users`, token)).status,
        ops: (await call(`${system.relay.url}/metrics`, token)).status,
      }
      expect(found).toEqual(expected as typeof found)
    })
  test('all processes ask for ops, and leave live and ready open', async () => {
    const token = await home.token({ scope: 'ops' })
    for (const { url } of system.all)
      for (const path of ['/metrics', '/health/pipeline', '/swagger/json']) {
        expect((await call(url + path)).status).toBe(401)
        expect([200, 503]).toContain((await call(url + path, token)).status)
      }
    for (const { url } of system.all)
      for (const path of ['/health/live', '/health/ready']) expect((await call(url + path)).status).toBe(200)
  })
  test('who did it is in the event, and one actor’s key is not another’s', async () => {
    const as = (sub: Claims['sub']) => home.token({ scope: everything, ...(sub && { sub }) })
    const key = crypto.randomUUID()
    const [ada, bob] = [await create(await as('ada'), { key }), await create(await as('bob'), { key })]
    expect([ada.status, bob.status]).toEqual([201, 201])
    expect(bob.body.id).not.toBe(ada.body.id)
    const sql = new SQL(system.env['POSTGRES_OWNER_URL']!, { max: 1 })
    const rows = await sql`
      SELECT headers ->> 'actor' AS actor FROM outbox
      WHERE aggregateid IN (${ada.body.id}, ${bob.body.id}) ORDER BY seq`
    await sql.close()
    expect(rows.map(({ actor }: { actor: string }) => actor)).toEqual(['ada', 'bob'])
  })
})

test('S9 while the issuer is away unknown tokens are 503, and nothing is open; who is known goes on', async () => {
  const known = await home.token({ scope: everything })
  expect((await create(known)).status).toBe(201)
  await home.goAway()
  await home.rotate('second')
  const unknown = await home.token({ scope: everything }, 'second')
  await waitFor(async () => (await create(unknown)).status === 503, {
    timeoutMs: 45_000,
    what: 'the cooldown to end',
  })
  expect((await create(known)).status).toBe(201)
  expect((await create(undefined)).status).toBe(401)
  home.comeBack()
  await waitFor(async () => (await create(unknown)).status === 201, {
    timeoutMs: 15_000,
    what: 'the new key',
  })
}, 70_000)
