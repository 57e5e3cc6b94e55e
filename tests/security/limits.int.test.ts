import { expect, test } from 'bun:test'
import { startProcess } from '../support/processes.ts'

const nowhere = { POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none' }
const limit = { RATE_LIMIT_PER_S: '1', RATE_LIMIT_BURST: '3' }

async function statuses(url: string, count: number, forwardedFor?: string) {
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  const found = []
  for (let n = 0; n < count; n++) found.push((await fetch(`${url}/nothing`, { headers })).status)
  return found
}

test('S19 who asks too often is told so and when to come again; health is for all', async () => {
  const process = await startProcess('command', { ...nowhere, ...limit })
  // The process gets a new request's worth each second: on a slow machine some of these take longer.
  const found = await statuses(process.url, 30)
  expect(found.filter((status) => status === 429).length).toBeGreaterThan(0)
  const refused = await fetch(`${process.url}/nothing`)
  if (refused.status === 429) {
    expect(refused.headers.get('ratelimit-policy')).toBe('"client";q=3;w=3')
    expect(refused.headers.get('ratelimit')).toMatch(/^"client";r=0;t=\d$/)
    expect(Number(refused.headers.get('retry-after'))).toBe(1)
  }
  for (let n = 0; n < 20; n++) expect((await fetch(`${process.url}/health/live`)).status).toBe(200)
  await process.stop()
})

test('S19 X-Forwarded-For is anybody’s to write: it counts from trusted proxies alone', async () => {
  const slow = { RATE_LIMIT_PER_S: '1', RATE_LIMIT_BURST: '1' }
  const open = await startProcess('command', { ...nowhere, ...slow })
  const behind = await startProcess('command', { ...nowhere, ...slow, TRUSTED_PROXIES: '127.0.0.0/8' })
  const asMany = async (url: string) => {
    const found = []
    for (let n = 0; n < 20; n++) found.push(...(await statuses(url, 1, `203.0.113.${n}`)))
    return found.filter((status) => status === 429).length
  }
  expect(await asMany(open.url)).toBeGreaterThan(0)
  expect(await asMany(behind.url)).toBe(0)
  // What stands before the proxy's own entry was written by the client.
  const forged = []
  for (let n = 0; n < 20; n++) forged.push(...(await statuses(behind.url, 1, `203.0.113.${n}, 198.51.100.7`)))
  expect(forged.filter((status) => status === 429).length).toBeGreaterThan(0)
  await Promise.all([open.stop(), behind.stop()])
})
