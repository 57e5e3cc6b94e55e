import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { silentLogger } from '../../process/log.ts'
import { contextOf } from '../context.ts'
import { createAuth } from './auth.ts'
import { createRateLimit } from './rate-limit.ts'
import { audience, issuer, shell, signed, startIssuer } from './testing.ts'

const secret = 'a secret of at least thirty-two characters'
const bySecret = (claims: Parameters<typeof signed>[0]) =>
  signed(claims, new TextEncoder().encode(secret), { alg: 'HS256' })

function appWith(auth: ReturnType<typeof createAuth>, more = {}) {
  const things = new Elysia({ name: 'things' })
    .get('/things', ({ request }) => ({ who: contextOf(request).principal?.subject }))
    .post('/things', () => 'made')
  const app = shell({
    access: { auth, ...more },
    modules: [things],
    corsOrigins: ['https://app.example.com'],
  })
  return async (method: string, path: string, token?: string, headers = {}) => {
    const sent = new Headers(headers)
    if (token !== undefined) sent.set('authorization', `Bearer ${token}`)
    const request = new Request(`http://localhost${path}`, { method, headers: sent })
    const response = await app.handle(request)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    }
  }
}

const shared = () => ({ issuer, audience, clockSkewS: 5, log: silentLogger })

describe('a shared secret', () => {
  const auth = createAuth({ ...shared(), keys: { secret }, algorithms: ['HS256'] })
  const call = appWith(auth)

  test('lets in who has the scope, and tells the route who it is', async () => {
    const token = await bySecret({ scope: 'things:read ops' })
    expect((await call('GET', '/things', token)).body).toEqual({ who: 'ada' })
    expect((await call('GET', '/metrics', token)).status).toBe(200)
  })
  test('401 says that a token is wanted, and why one is not taken', async () => {
    const none = await call('GET', '/things')
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(none.headers.get('content-type')).toBe('application/problem+json')
    const expired = await call('GET', '/things', await bySecret({ expiresInS: -60 }))
    expect(expired.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="the token has expired"',
    )
    expect(expired.body).toMatchObject({
      type: '/problems/unauthenticated',
      detail: 'the token has expired',
    })
  })
  test('403 names the scope that is missing', async () => {
    const answer = await call('POST', '/things', await bySecret({ scope: 'things:read' }))
    expect([answer.status, answer.body.type, answer.body.detail]).toEqual([
      403,
      '/problems/forbidden',
      'it takes the scope things:write',
    ])
    expect(answer.headers.get('www-authenticate')).toContain('scope="things:write"')
  })
  test('what is not there is 404 for who has a token, and 401 for others', async () => {
    const token = await bySecret({ scope: 'things:read' })
    expect((await call('GET', '/nothing', token)).status).toBe(404)
    expect((await call('GET', '/%74hings', token)).status).toBe(404)
    expect((await call('GET', '/nothing')).status).toBe(401)
    expect((await call('GET', '/things/of/nobody', token)).status).toBe(404)
  })
  test('live and ready health, and a preflight, are for everyone; a page of another origin can read a refusal', async () => {
    expect((await call('GET', '/health/live')).status).toBe(200)
    expect((await call('GET', '/health/ready')).status).toBe(200)
    expect((await call('GET', '/health/pipeline')).status).toBe(401)
    const origin = { origin: 'https://app.example.com' }
    const preflight = await call('OPTIONS', '/things', undefined, {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'authorization',
    ])
    const refused = await call('GET', '/things', undefined, origin)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  })
  test('scopes come as a list, too; a subject that cannot be recorded is refused', async () => {
    const { SignJWT } = await import('jose')
    const of = (payload: object) =>
      new SignJWT({ iss: issuer, aud: audience, exp: Date.now() / 1_000 + 60, ...payload })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(secret))
    expect((await call('GET', '/things', await of({ sub: 'bob', scp: ['things:read'] }))).status).toBe(200)
    for (const sub of ['', 'a\u0000b', 'a'.repeat(256), 'Zoë', 7, undefined])
      expect((await call('GET', '/things', await of({ sub, scp: ['things:read'] }))).status).toBe(401)
  })
  test('the document has the scheme, the scope and the refusals, and only then', async () => {
    const token = await bySecret({ scope: 'ops' })
    const document = (await call('GET', '/swagger/json', token)).body
    expect(document.components.securitySchemes.token).toMatchObject({ type: 'http', scheme: 'bearer' })
    expect(document.paths['/things'].post.security).toEqual([{ token: [] }])
    expect(document.paths['/things'].post.description).toContain('`things:write`')
    expect(Object.keys(document.paths['/things'].post.responses)).toEqual(
      expect.arrayContaining(['401', '403']),
    )
    expect(document.paths['/health/live'].get.security).toBeUndefined()
    const open = await (await shell({}).handle(new Request('http://localhost/swagger/json'))).json()
    expect(JSON.stringify(open)).not.toContain('securitySchemes')
  })
  test('a token that was checked is known until it expires, and at most for a minute', async () => {
    let nowMs = Date.now()
    const auth = createAuth({ ...shared(), keys: { secret }, algorithms: ['HS256'], now: () => nowMs })
    const headers = async (expiresInS: number) =>
      new Headers({ authorization: `bearer ${await bySecret({ expiresInS })}` })
    const [short, long] = [await headers(20), await headers(600)]
    await auth.authenticate(short)
    await auth.authenticate(long)
    nowMs += 24_000
    expect([auth.known(short)?.subject, auth.known(long)?.subject]).toEqual(['ada', 'ada'])
    nowMs += 2_000
    expect([auth.known(short)?.subject, auth.known(long)?.subject]).toEqual([undefined, 'ada'])
    nowMs += 35_000
    expect(auth.known(long)).toBeUndefined()
  })
  test('who sends bad tokens is kept from having more of them checked, and others are not', async () => {
    const rateLimit = createRateLimit({ perSecond: 0.001, burst: 2 })
    const call = appWith(auth, { rateLimit })
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await call('GET', '/things', `bad.${n}.token`)).status)
    expect(statuses).toEqual([401, 401, 429])
    const known = await bySecret({ scope: 'things:read', sub: 'eve' })
    await auth.authenticate(new Headers({ authorization: `Bearer ${known}` }))
    expect((await call('GET', '/things', known)).status).toBe(200)
  })
})

describe('keys of an issuer', () => {
  let home: Awaited<ReturnType<typeof startIssuer>>
  let nowMs = Date.now()
  const options = (cooldownMs: number) => ({
    ...shared(),
    keys: { jwksUrl: home.url },
    algorithms: ['ES256'],
    cooldownMs,
    now: () => nowMs,
  })
  const scope = 'things:read'
  beforeAll(async () => void (home = await startIssuer()))
  afterAll(() => home[Symbol.asyncDispose]())

  test('are asked for once, and anew for a key that was not among them, but not at once', async () => {
    const patient = appWith(createAuth(options(600_000)))
    const eager = appWith(createAuth(options(0)))
    for (const call of [patient, eager])
      expect((await call('GET', '/things', await home.token({ scope }))).status).toBe(200)
    const asked = home.asked
    await home.rotate('second')
    const rotated = await home.token({ scope }, 'second')
    expect((await eager('GET', '/things', rotated)).status).toBe(200)
    expect(home.asked).toBe(asked + 1)
    // Within the cooldown a made-up key id costs the issuer nothing.
    expect((await patient('GET', '/things', rotated)).status).toBe(401)
    expect(home.asked).toBe(asked + 1)
  })
  test('that cannot be fetched are 503 and never open; who is known stays so', async () => {
    const call = appWith(createAuth(options(10_000)))
    await home.goAway()
    const away = await call('GET', '/things', await home.token({ scope, sub: 'new' }))
    expect([away.status, away.body.type, away.headers.get('retry-after')]).toEqual([
      503,
      '/problems/unavailable',
      '2',
    ])
    expect((await call('GET', '/health/live')).status).toBe(200)
    home.comeBack()
    // An address that failed is left alone for a moment.
    const asked = home.asked
    expect((await call('GET', '/things', await home.token({ scope }))).status).toBe(503)
    expect(home.asked).toBe(asked)
    nowMs += 1_001
    const token = await home.token({ scope })
    expect((await call('GET', '/things', token)).status).toBe(200)
    await home.goAway()
    expect((await call('GET', '/things', token)).status).toBe(200)
    home.comeBack()
  })
})
