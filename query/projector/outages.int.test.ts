import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { aggregateBinding, exchangeName, queueName } from '../../shared/messaging/names.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { idOn } from './testing/things.ts'
import { ask, connect, createWorld, type World } from './testing/world.ts'

let world: World
let closing: (() => unknown)[]
beforeEach(async () => {
  world = await createWorld()
  closing = []
})
afterEach(async () => {
  // Before the world goes: a projector that cannot reach its store takes longer to stop.
  for (const close of closing.toReversed()) await close()
  await world.dispose()
})

const timeoutMs = 15_000

const reasons = async ({ records }: Awaited<ReturnType<World['startProjector']>>) =>
  (await records.queues()).map(({ replay }) => replay?.reason)

const applied = (ids: string[]) => async () =>
  (await world.documents.countDocuments({ _id: { $in: ids } })) === ids.length
const some = () => Array.from({ length: 20 }, () => Bun.randomUUIDv7())
const stored = (ids: string[]) => ids.map((id) => ({ id, version: 1, label: id }))

test('the store is away at the start, comes, goes and comes again', async () => {
  const { url, proxy } = await behindProxy(world.mongoUrl)
  const database = connect(url)
  closing.push(() => database.stop(), proxy.stop)
  await proxy.down()
  const projector = await world.startProjector({ database, atOnce: true })
  closing.push(projector.stop)
  const consumers = async () => (await projector.pipeline())['consumers']
  await waitFor(async () => JSON.stringify(await consumers()).includes('asking the store failed'), {
    timeoutMs,
    what: 'the reason',
  })
  await proxy.up()
  await waitFor(async () => (await consumers())?.state === 'ok', { timeoutMs, what: 'consumers' })
  const first = some()
  await world.relay.publish(stored(first))
  await waitFor(applied(first), { timeoutMs, what: 'the first events' })

  await proxy.down()
  const second = some()
  await world.relay.publish(stored(second))
  await waitFor(async () => (await projector.pipeline())['writes']?.state === 'failed', {
    timeoutMs,
    what: 'an alarm',
  })
  await proxy.up()
  await waitFor(applied(second), { timeoutMs, what: 'the second events' })
}, 40_000)

test('the broker is away at the start, comes, goes and comes again', async () => {
  const { url, proxy } = await behindProxy(world.brokerUrl)
  closing.push(proxy.stop)
  await proxy.down()
  const projector = await world.startProjector({ brokerUrl: url, atOnce: true })
  closing.push(projector.stop)
  const ready = async () => (await ask(projector.readyProbes('degraded')))['broker']
  expect(await ready()).toMatchObject({ state: 'degraded', reason: 'not reachable' })
  await proxy.up()
  await waitFor(async () => (await projector.pipeline())['consumers']?.state === 'ok', {
    timeoutMs,
    what: 'consumers',
  })
  expect(await ready()).toMatchObject({ state: 'ok' })
  const first = some()
  await world.relay.publish(stored(first))
  await waitFor(applied(first), { timeoutMs, what: 'the first events' })

  await proxy.down()
  const second = some()
  await world.relay.publish(stored(second))
  await waitFor(async () => (await projector.pipeline())['consumers']?.state === 'failed', {
    timeoutMs,
    what: 'an alarm',
  })
  await proxy.up()
  await waitFor(applied(second), { timeoutMs, what: 'the second events' })
}, 40_000)

test('the exchange is not there at the start: the relay declares it, and the queues are bound then', async () => {
  await world.relay.channel.exchangeDelete('events')
  const projector = await world.startProjector({ atOnce: true })
  await waitFor(
    async () => JSON.stringify(await projector.pipeline()).includes('declaring the queue failed (404)'),
    {
      timeoutMs,
      what: 'the reason',
    },
  )
  await world.relay.channel.exchangeDeclare('events', 'topic', { durable: true })
  await waitFor(async () => (await projector.pipeline())['consumers']?.state === 'ok', {
    timeoutMs,
    what: 'consumers',
  })
  expect(await reasons(projector)).toEqual(['first', 'first'])
  const ids = some()
  await world.relay.publish(stored(ids))
  await waitFor(applied(ids), { timeoutMs, what: 'the events' })
}, 20_000)

test('the exchange is deleted and made anew while all is quiet: the queues are bound again', async () => {
  const projector = await world.startProjector({ overdueMs: 400 })
  await world.relay.channel.exchangeDelete('events')
  await world.relay.channel.exchangeDeclare('events', 'topic', { durable: true })
  const ids = some()
  // Unroutable until then, which the relay is told and tries again.
  await waitFor(async () => (await world.relay.publish(stored(ids)), true), { timeoutMs, what: 'bindings' })
  await waitFor(applied(ids), { timeoutMs, what: 'the events' })
  expect(await reasons(projector)).toEqual(['first', 'first'])
}, 20_000)

test("a queue that gets the relay's heartbeats and none of its events, which wait: it is bound again", async () => {
  const projector = await world.startProjector({ overdueMs: 400 })
  const queue = queueName('things-g1', 0, 2)
  await world.relay.channel.queueUnbind(queue, exchangeName, aggregateBinding('things', 0, 2))
  const id = idOn(0)
  await waitFor(
    async () => {
      await world.relay.heartbeat(0, { head: 8, cursor: 7 })
      await world.relay.publish([{ id, version: 1, label: id }])
      return true
    },
    { timeoutMs, what: 'the binding' },
  )
  await waitFor(applied([id]), { timeoutMs, what: 'the event' })
  expect(await reasons(projector)).toEqual(['first', 'first'])
}, 20_000)
