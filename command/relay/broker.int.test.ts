import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { TcpProxy } from '../../ops/faults/tcp-proxy.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { stackEnv, waitFor } from '../../tests/support/stack.ts'
import { AmqpLink } from './amqp-link.ts'
import { sendWindow } from './confirm-window.ts'
import { startInjector } from './testing/injector.ts'
import { aggregateIds, relayWorld, type RelayWorld, type RunningRelay } from './testing/world.ts'

let world: RelayWorld
let proxy: TcpProxy
beforeEach(async () => {
  world = await relayWorld()
  ;({ proxy } = await behindProxy(stackEnv().RABBITMQ_URL))
})
afterEach(async () => {
  await world.end()
  await proxy.stop()
})

const start = (env = {}) => world.start({ RABBITMQ_URL: proxy.url(world.vhost.url), ...env })
const broker = async (relay: RunningRelay) =>
  (await relay.health.ready()).checks.find(({ name }) => name === 'rabbitmq')!
const connected = (relay: RunningRelay) =>
  waitFor(async () => (await broker(relay)).state === 'ok', { timeoutMs: 10_000, what: 'the broker' })

test('a broker that is not there at the start is waited for, reported, and served when it comes', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await proxy.down()
  const relay = await start()
  const ids = await world.append(aggregateIds(10))
  await waitFor(async () => (await broker(relay)).reason === 'the broker is not reachable', {
    timeoutMs: 5_000,
    what: 'the report',
  })
  await waitFor(() => relay.status.outage, { timeoutMs: 5_000, what: 'the outage' })
  await proxy.up()
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 10_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect((await relay.health.ready()).status).toBe('ok')
}, 30_000)

test('a connection cut in the middle of windows loses nothing, and each aggregate ends at its last version', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await start()
  const ids = await world.append(aggregateIds(500, 20))
  for (const part of [1, 2, 3]) {
    await waitFor(() => queue.events.length > part * 2_000, {
      timeoutMs: 20_000,
      what: `part ${part}`,
      intervalMs: 1,
    })
    proxy.cut()
  }
  await waitFor(async () => (await world.cursor()).seq === ids.length, {
    timeoutMs: 20_000,
    what: 'the cursor',
  })
  await waitFor(() => new Set(queue.events.map(({ id }) => id)).size === ids.length, {
    timeoutMs: 5_000,
    what: 'every event',
  })
  const ends = new Map(queue.events.map(({ aggregateId, version }) => [aggregateId, version]))
  expect([...ends.values()].every((version) => version === 20)).toBe(true)
}, 60_000)

test('a window written into a connection that was reset just now is unknown, and rejects nowhere else', async () => {
  const link = await AmqpLink.open(proxy.url(world.vhost.url), 5_000)
  const messages = Array.from({ length: 500 }, (_, index) => ({
    id: String(index),
    type: 'users.user.updated.v2',
    routingKey: 'users.p00of08.user.updated',
    contentType: 'application/json',
    body: 'x'.repeat(4_000),
  }))
  proxy.cut()
  // In the same turn, so that the reset is met by the write; an unhandled rejection would fail this test.
  const options = { confirmTimeoutMs: 5_000, signal: new AbortController().signal }
  expect(new Set(await sendWindow(link, messages, options))).toEqual(new Set(['unknown']))
  await waitFor(() => link.lost.reason === 'the connection was lost', { timeoutMs: 5_000, what: 'the loss' })
})

test('a mute broker is cut off after the confirm time-out; what it swallowed is sent again with the same ids', async () => {
  const queue = await world.broker.queue('all')
  const relay = await start({ RELAY_CONFIRM_TIMEOUT_MS: '500', RELAY_HEARTBEAT_INTERVAL_MS: '60000' })
  await waitFor(() => relay.status.heartbeat.confirmedAtMs, {
    timeoutMs: 5_000,
    what: 'the first heartbeats',
  })
  proxy.mute('toClient')
  const ids = await world.append(aggregateIds(10))
  await waitFor(() => relay.status.outage?.reason.startsWith('no confirm'), {
    timeoutMs: 5_000,
    what: 'the time-out',
  })
  expect((await world.cursor()).seq).toBe(0)
  expect(await relay.metric('relay_confirmed_total')).toBe(0)
  proxy.unmute()
  // Half-open handshakes are still mute.
  proxy.cut()
  await waitFor(async () => (await world.cursor()).seq === 10, { timeoutMs: 15_000, what: 'the cursor' })
  await queue.take()
  await waitFor(() => queue.events.length >= 20, { timeoutMs: 5_000, what: 'both sendings' })
  expect(queue.events.map(({ id }) => id)).toEqual([...ids, ...ids])
}, 40_000)

test('a broker that blocks publishers is waited for beyond the confirm time-out, visibly, without an outage', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const injector = await startInjector(stackEnv().RABBITMQ_URL)
  const relay = await start({
    RABBITMQ_URL: injector.url(world.vhost.url),
    RELAY_CONFIRM_TIMEOUT_MS: '100',
    RELAY_HEARTBEAT_INTERVAL_MS: '60000',
  })
  await connected(relay)
  await waitFor(() => relay.status.heartbeat.confirmedAtMs, {
    timeoutMs: 5_000,
    what: 'the first heartbeats',
  })
  injector.say(connectionBlocked('low on memory'))
  await waitFor(async () => (await relay.metric('relay_broker_blocked')) === 1, {
    timeoutMs: 5_000,
    what: 'the block',
  })
  const ids = await world.append(aggregateIds(10))
  await waitFor(() => (relay.status.waitingSinceMs ?? Infinity) < performance.now() - 500, {
    timeoutMs: 5_000,
    what: 'five confirm time-outs',
  })
  expect(await broker(relay)).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('low on memory'),
  })
  expect(await relay.metric('relay_published_total')).toBe(0)
  injector.say(connectionUnblocked)
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect(await relay.metric('relay_outages_total')).toBe(0)
  // One for the events, one for replays.
  expect(injector.accepted).toBe(2)
  await relay.stop()
  await injector.stop()
}, 30_000)

test('a relay that is stopped while the broker is mute gives its lease back in time', async () => {
  await world.broker.queue('all')
  const relay = await start()
  await connected(relay)
  await waitFor(() => relay.status.heartbeat.confirmedAtMs, {
    timeoutMs: 5_000,
    what: 'the first heartbeats',
  })
  proxy.mute('toClient')
  await world.append(aggregateIds(10))
  await waitFor(() => relay.status.waitingSinceMs, { timeoutMs: 5_000, what: 'a window under way' })
  const stoppedAt = performance.now()
  await relay.stop()
  expect(performance.now() - stoppedAt).toBeLessThan(8_000)
  expect(await world.cursor()).toMatchObject({ seq: 0, owner: null })
}, 30_000)

/** Method frames on channel 0: class 10 (connection), method 60 or 61. */
function connectionBlocked(reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason)
  return Uint8Array.from([1, 0, 0, 0, 0, 0, 5 + text.length, 0, 10, 0, 60, text.length, ...text, 0xce])
}
const connectionUnblocked = Uint8Array.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xce])
