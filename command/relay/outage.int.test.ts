import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Check } from '../../shared/process/health.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { stackEnv, waitFor } from '../../tests/support/stack.ts'
import type { Publisher } from './publisher.ts'
import { partitionBindings } from './testing/broker.ts'
import {
  aggregateIdOn,
  aggregateIds,
  relayWorld,
  type RelayWorld,
  type RunningRelay,
} from './testing/world.ts'

let world: RelayWorld
beforeEach(async () => {
  world = await relayWorld()
})
afterEach(() => world.end())

const check = async (relay: RunningRelay, name: string): Promise<Check> =>
  (await relay.health.pipeline()).checks.find((found) => found.name === name)!

const readyCheck = async (relay: RunningRelay, name: string): Promise<Check> =>
  (await relay.health.ready()).checks.find((found) => found.name === name)!

const failing = (relay: RunningRelay, name: string, reason: RegExp) =>
  waitFor(
    async () => {
      const found = await check(relay, name)
      return found.state === 'failed' && reason.test(found.reason ?? '')
    },
    { timeoutMs: 5_000, what: `${name} to fail with ${reason}` },
  )

/** The ids of each window that was sent, events only. */
function watched(windows: string[][]) {
  return {
    publisher: (real: Publisher): Publisher => ({
      get state() {
        return real.state
      },
      restore: (signal) => real.restore(signal),
      publish(messages, signal) {
        if (messages.every(({ type }) => type.startsWith('users.')))
          windows.push(messages.map(({ id }) => id))
        return real.publish(messages, signal)
      },
    }),
  }
}

test('an event without a queue is not counted as published, and heals when the queue appears', async () => {
  const windows: string[][] = []
  const relay = await world.start({}, watched(windows))
  // Before the first event: heartbeats follow successful polls, and an outage of delivery ends those.
  await failing(relay, 'heartbeat', /no queue takes the heartbeats of partitions 0, 1/)
  expect((await readyCheck(relay, 'topology')).state).toBe('failed')
  const ids = await world.append(aggregateIds(5))
  await failing(relay, 'delivery', /^unroutable: no queue is bound for users\./)
  expect(await relay.metric('relay_returned_total')).toBeGreaterThan(0)
  expect(await relay.metric('relay_confirmed_total')).toBe(0)
  expect((await world.cursor()).seq).toBe(0)
  // Nothing but the first event went out, alone: the topology was not proven.
  expect(new Set(windows.flat())).toEqual(new Set(ids.slice(0, 1)))

  const queue = await world.broker.queue('all')
  await queue.take()
  await waitFor(() => queue.events.length >= 5, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  await waitFor(async () => (await relay.health.pipeline()).status === 'ok', {
    timeoutMs: 5_000,
    what: 'health',
  })
  expect((await relay.health.ready()).status).toBe('ok')
  expect(await relay.metric('relay_outages_total')).toBe(1)
  expect(await relay.metric('relay_confirmed_total')).toBe(5)
}, 30_000)

test('one lost queue holds up the window from its first event on; the rest is sent again in order', async () => {
  const windows: string[][] = []
  const ids = Array.from({ length: 40 }, (_, index) => aggregateIdOn(index % 8))
  const some = await world.broker.queue('some', { bindings: partitionBindings([0, 1, 2, 3, 4, 5, 6]) })
  const lost = await world.broker.queue('lost', { bindings: partitionBindings([7]) })
  await some.take()
  const relay = await world.start({}, watched(windows))
  await waitFor(async () => (await relay.health.ready()).status === 'ok', { timeoutMs: 5_000, what: 'ready' })
  await lost.delete()
  const sent = await world.append(ids)
  await failing(relay, 'delivery', /unroutable: no queue is bound for users\.p07of08/)
  const last = await world.broker.queue('last', { bindings: partitionBindings([7]) })
  await last.take()
  const received = () => new Set([...some.events, ...last.events].map(({ id }) => id))
  await waitFor(() => received().size === 40, { timeoutMs: 5_000, what: 'all events' })
  expect(windows[0]).toEqual(sent)
  // A probe that meets the queue between its two bindings is returned, and the first event goes ahead alone.
  const wentAhead = windows.at(-2)?.length === 1 && windows.at(-1)?.[0] === sent[8]
  const resumed = windows.slice(wentAhead ? -2 : -1).flat()
  expect(resumed).toEqual(sent.slice(7))
}, 30_000)

test('on a new connection every partition takes a heartbeat before an event does', async () => {
  const windows: string[][] = []
  const queue = await world.broker.queue('all')
  await queue.take()
  const { proxy } = await behindProxy(stackEnv().RABBITMQ_URL)
  const env = { RABBITMQ_URL: proxy.url(world.vhost.url), RELAY_HEARTBEAT_INTERVAL_MS: '60000' }
  const relay = await world.start(env, watched(windows))
  await waitFor(() => queue.heartbeats.length === 8, { timeoutMs: 5_000, what: 'the first round' })
  const lost = await world.broker.queue('lost', { bindings: ['users.#'] })
  await queue.delete()
  await lost.delete()
  proxy.cut()
  const ids = await world.append(aggregateIds(20))
  await waitFor(() => relay.status.heartbeat.trouble, { timeoutMs: 5_000, what: 'the failed round' })
  await failing(relay, 'delivery', /^unroutable/)
  // Of the window under way as the connection was cut nothing arrived; then the first event goes alone.
  expect(
    windows.slice(windows.findIndex(({ length }) => length === 1)).every(({ length }) => length === 1),
  ).toBe(true)
  const again = await world.broker.queue('again')
  await again.take()
  await waitFor(() => again.events.length >= 20, { timeoutMs: 5_000, what: 'the events' })
  expect(new Set(again.events.map(({ id }) => id))).toEqual(new Set(ids))
  await relay.stop()
  await proxy.stop()
}, 30_000)

test('queues bound for events alone are enough: the first event is the probe then', async () => {
  const windows: string[][] = []
  const relay = await world.start({}, watched(windows))
  const ids = await world.append(aggregateIds(10))
  await failing(relay, 'delivery', /^unroutable/)
  const queue = await world.broker.queue('foreign', { bindings: ['users.#'] })
  await queue.take()
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect(windows.at(-2)).toEqual(ids.slice(0, 1))
  expect(windows.at(-1)).toEqual(ids.slice(1))
}, 30_000)

test('a full queue that refuses is waited for and drained later, every event there and the last version last', async () => {
  const relay = await world.start()
  const queue = await world.broker.queue('small', {
    arguments: { 'x-max-length': 50, 'x-overflow': 'reject-publish' },
  })
  const ids = await world.append(aggregateIds(100, 5))
  await failing(relay, 'delivery', /^refused/)
  expect(await relay.metric('relay_nacked_total')).toBeGreaterThan(0)
  expect(await relay.metric('relay_confirmed_total')).toBeLessThan(500)

  await queue.take()
  await waitFor(async () => (await world.cursor()).seq === 500, { timeoutMs: 30_000, what: 'the cursor' })
  await waitFor(() => new Set(queue.events.map(({ id }) => id)).size === 500, {
    timeoutMs: 5_000,
    what: 'every event',
  })
  const lastVersion = new Map(queue.events.map(({ aggregateId, version }) => [aggregateId, version]))
  expect([...lastVersion.values()].every((version) => version === 5)).toBe(true)
  expect(new Set(queue.events.map(({ id }) => id))).toEqual(new Set(ids))
  await waitFor(() => relay.status.outage === undefined, { timeoutMs: 5_000, what: 'the end of the outage' })
}, 60_000)

test('an exchange that was deleted is declared again', async () => {
  const relay = await world.start()
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 5_000, what: 'a leader' })
  await world.broker.deleteExchange()
  await world.append(aggregateIds(3))
  await waitFor(() => relay.status.outage, { timeoutMs: 5_000, what: 'the outage' })
  const queue = await waitFor(() => world.broker.queue('all'), { timeoutMs: 5_000, what: 'the exchange' })
  await queue.take()
  await waitFor(() => queue.events.length >= 3, { timeoutMs: 5_000, what: 'the events' })
}, 30_000)
