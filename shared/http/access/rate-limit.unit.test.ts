import { describe, expect, test } from 'bun:test'
import { clientAddress } from './client-address.ts'
import { createRateLimit } from './rate-limit.ts'
import { shell } from './testing.ts'

describe('a bucket of 3 that gets 2 a second', () => {
  let nowMs = 0
  const make = (more = {}) => createRateLimit({ perSecond: 2, burst: 3, now: () => nowMs, ...more })

  test('lets three through at once, and then one every half second', () => {
    const limit = make()
    expect([1, 2, 3, 4].map(() => limit.take('a').allowed)).toEqual([true, true, true, false])
    nowMs += 500
    expect([1, 2].map(() => limit.take('a').allowed)).toEqual([true, false])
    nowMs += 60_000
    expect([1, 2, 3, 4].map(() => limit.take('a').allowed)).toEqual([true, true, true, false])
  })
  test('says what is left, what is allowed and when to come again', () => {
    const limit = make()
    expect(limit.take('a')).toEqual({
      allowed: true,
      retryAfterS: 0,
      headers: { 'ratelimit-policy': '"client";q=3;w=2', ratelimit: '"client";r=2;t=1' },
    })
    limit.take('a')
    limit.take('a')
    expect(limit.take('a')).toMatchObject({
      allowed: false,
      retryAfterS: 1,
      headers: { ratelimit: '"client";r=0;t=2' },
    })
  })
  test('is one client’s alone, and one is for all', () => {
    const limit = make({ processPerSecond: 4 })
    expect([1, 2, 3, 4].map(() => limit.take('a').allowed)).toEqual([true, true, true, false])
    // One was left for everybody.
    expect([1, 2].map(() => limit.take('b').allowed)).toEqual([true, false])
    expect(limit.take('c').headers['ratelimit-policy']).toBe('"client";q=3;w=2, "process";q=4;w=1')
  })
  test('there are never more than so many: the one unused for longest goes', () => {
    const limit = make({ clientsMax: 2 })
    for (const client of ['a', 'a', 'a', 'b', 'a']) limit.take(client)
    expect(limit.allows('a')).toBe(false)
    limit.take('c')
    // b was dropped and not a, whose bucket is as empty as before.
    expect(limit.allows('a')).toBe(false)
  })
})

describe('the address that a client is counted by', () => {
  const trusted = (address: string) => address === '10.0.0.1' || address === '10.0.0.2'
  const cases: [string | undefined, string | null, string][] = [
    ['203.0.113.7', null, '203.0.113.7'],
    // Not a proxy of ours: whatever it writes is ignored.
    ['203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', null, '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [undefined, '198.51.100.1', 'unknown'],
    ['2001:db8:1:2:3:4:5:6', null, '2001:db8:1:2::/64'],
    ['2001:db8::1', null, '2001:db8:0:0::/64'],
    ['::1', null, '0:0:0:0::/64'],
  ]
  for (const [peer, header, address] of cases)
    test(`${peer} with ${header}: ${address}`, () =>
      expect(clientAddress(peer, header, trusted)).toBe(address))
})

describe('an app with limits', () => {
  test('answers 429 with the headers, and health without end', async () => {
    const app = shell({ access: { rateLimit: createRateLimit({ perSecond: 0.001, burst: 1 }) } })
    const first = await app.handle(new Request('http://localhost/metrics'))
    expect([first.status, first.headers.get('ratelimit')]).toEqual([200, '"client";r=0;t=1000'])
    const second = await app.handle(new Request('http://localhost/metrics'))
    expect(second.status).toBe(429)
    expect(second.headers.get('retry-after')).toBe('1000')
    expect(second.headers.get('ratelimit-policy')).toBe('"client";q=1;w=1000')
    expect(await second.json()).toMatchObject({ type: '/problems/too-many-requests', status: 429 })
    for (const path of ['live', 'ready', 'pipeline'])
      expect((await app.handle(new Request(`http://localhost/health/${path}`))).status).toBe(200)
  })
})
