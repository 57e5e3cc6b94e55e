import { describe, expect, test } from 'bun:test'
import { accessOf, accessSettings } from './access-settings.ts'
import { commonSettings } from './common-settings.ts'
import { silentLogger } from './log.ts'
import { loadSettings } from './settings.ts'

const { ALLOW_UNAUTHENTICATED, HOST } = commonSettings
const load = (env: Record<string, string>) =>
  loadSettings({ ALLOW_UNAUTHENTICATED, HOST, ...accessSettings }, env)
const secret = { AUTH_SECRET: 's'.repeat(32), AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' }
const jwks = { AUTH_JWKS_URL: 'https://issuer.example.com/jwks', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' }

test('nothing is on by default', () => {
  expect(accessOf(load({}), silentLogger)).toEqual({})
})
test('a process with authentication may be reached by others', () => {
  for (const way of [secret, jwks]) {
    expect(load({ ...way, HOST: '0.0.0.0' }).HOST).toBe('0.0.0.0')
    expect(accessOf(load(way), silentLogger).auth).toBeDefined()
  }
})

describe('what does not fit together is told at the start', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ ...secret, ...jwks }, /AUTH_JWKS_URL and AUTH_SECRET are two ways/],
    [{ ...secret, AUTH_ISSUER: '' }, /AUTH_SECRET is set, so AUTH_ISSUER must be too/],
    [{ ...jwks, AUTH_AUDIENCE: '', AUTH_ISSUER: '' }, /so AUTH_ISSUER and AUTH_AUDIENCE must be too/],
    [{ ...secret, AUTH_SECRET: 'short' }, /AUTH_SECRET must be a text of 32.*its value is not/],
    [{ ...jwks, AUTH_ALGORITHMS: 'RS256,HS256' }, /AUTH_ALGORITHMS has HS256/],
    [{ ...secret, AUTH_ALGORITHMS: 'HS256,RS256' }, /AUTH_ALGORITHMS has RS256/],
    [{ ...secret, AUTH_ALGORITHMS: 'none,HS256' }, /AUTH_ALGORITHMS must be/],
    [{ TRUSTED_PROXIES: '10.0.0.0/8,300.1.1.1' }, /TRUSTED_PROXIES has an entry/],
    [{ TRUSTED_PROXIES: '10.0.0.0/64' }, /TRUSTED_PROXIES has an entry/],
  ]
  for (const [env, words] of cases) test(String(words), () => expect(() => load(env)).toThrow(words))
})

test('trusted proxies are addresses and networks, of both kinds', () => {
  const { isTrustedProxy } = accessOf(
    load({ RATE_LIMIT_PER_S: '1', TRUSTED_PROXIES: '10.0.0.0/8,192.0.2.1,fd00::/8' }),
    silentLogger,
  )
  const addresses = ['10.9.8.7', '192.0.2.1', '192.0.2.2', 'fd12::1', 'fe80::1', 'unknown', '']
  expect(addresses.filter((address) => isTrustedProxy?.(address))).toEqual([
    '10.9.8.7',
    '192.0.2.1',
    'fd12::1',
  ])
})
