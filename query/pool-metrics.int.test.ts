import { afterEach, beforeEach, expect, test } from 'bun:test'
import { MongoClient } from 'mongodb'
import { samples } from '../ops/live-figures.ts'
import type { TcpProxy } from '../ops/faults/tcp-proxy.ts'
import { createMetrics } from '../shared/process/registry.ts'
import { behindProxy } from '../tests/support/proxy.ts'
import { stackEnv, waitFor } from '../tests/support/stack.ts'
import { storePoolMetrics } from './pool-metrics.ts'

const metrics = createMetrics('test')
let client: MongoClient
let proxy: TcpProxy
beforeEach(async () => {
  const through = await behindProxy(stackEnv().MONGO_URL)
  proxy = through.proxy
  metrics.clear()
  client = new MongoClient(through.url, {
    maxPoolSize: 2,
    waitQueueTimeoutMS: 20_000,
    socketTimeoutMS: 20_000,
  })
  storePoolMetrics(client, metrics, 2)
  await client.db().command({ ping: 1 })
})
afterEach(async () => {
  await client.close(true)
  await proxy.stop()
})

async function figures() {
  const text = await metrics.metrics()
  const [inUse, idle] = samples(text, 'store_pool_connections')
  return { inUse, idle, waiting: samples(text, 'store_pool_waiting')[0] }
}
const until = (what: string, expected: Awaited<ReturnType<typeof figures>>) =>
  waitFor(async () => JSON.stringify(await figures()) === JSON.stringify(expected), {
    timeoutMs: 5_000,
    what,
  })

test('in use, idle and waiting are told while the store is slow, and after it has answered', async () => {
  await until('rest', { inUse: 0, idle: 1, waiting: 0 })
  proxy.mute('toClient')
  const pings = Promise.allSettled(Array.from({ length: 5 }, () => client.db().command({ ping: 1 })))
  await waitFor(async () => (await figures()).waiting! >= 3, {
    timeoutMs: 5_000,
    what: 'operations that wait',
  })
  expect((await figures()).inUse).toBeGreaterThanOrEqual(1)
  proxy.unmute()
  proxy.cut()
  await pings
  await waitFor(async () => (await figures()).waiting === 0, { timeoutMs: 5_000, what: 'nobody waits' })
  await client.db().command({ ping: 1 })
  const after = await figures()
  expect([after.inUse, after.waiting]).toEqual([0, 0])
  expect(after.idle).toBeGreaterThanOrEqual(1)
  expect(after.idle).toBeLessThanOrEqual(2)
})
