import { afterEach, beforeEach, expect, test } from 'bun:test'
import { queueName } from '../../shared/messaging/names.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { pauseProbe, pauseProjector, readPause, resumeProjector } from './pause.ts'
import { createStoreWriter } from './store-writer.ts'
import { ask, createWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 10_000
const collectionOf: World['database']['collectionOf'] = (name) => world.database.collectionOf(name)
const some = () => Array.from({ length: 20 }, () => Bun.randomUUIDv7())
const stored = (ids: string[]) => ids.map((id) => ({ id, version: 1, label: id }))
const count = () => world.documents.countDocuments({})

test('paused, every replica gives its channels back and says who and why; resumed, nothing was lost', async () => {
  const one = await world.startProjector()
  const two = await world.startProjector({ replica: 'replica-2' })
  await world.relay.publish(stored(some()))
  await waitFor(async () => (await count()) === 20, { timeoutMs, what: 'the first events' })

  const pause = await pauseProjector(collectionOf, { by: 'ada', reason: 'the store is moved' })
  // A pause that is on stays as it is.
  expect(await pauseProjector(collectionOf, { by: 'bob', reason: 'another' })).toEqual(pause)
  const consumers = async () => {
    const queues = await Promise.all([0, 1].map((partition) => queueState(partition)))
    return queues.reduce((sum, { consumerCount }) => sum + consumerCount, 0)
  }
  await waitFor(async () => (await consumers()) === 0, { timeoutMs, what: 'the channels to be given back' })
  await world.relay.publish(stored(some()))
  for (const replica of [one, two]) {
    expect((await ask([pauseProbe(replica.pause, 'failed')]))['paused']).toMatchObject({
      state: 'failed',
      by: 'ada',
      why: 'the store is moved',
      since: pause.at,
    })
    expect((await ask(replica.readyProbes('failed')))['paused']).toMatchObject({ state: 'degraded' })
    expect((await replica.pipeline())['consumers']).toMatchObject({ state: 'ok' })
    expect(await replica.total('projector_paused')).toBe(1)
  }
  // One that starts now does not take anything either.
  const three = await world.startProjector({ replica: 'replica-3', atOnce: true })
  await waitFor(() => three.pause.paused, { timeoutMs, what: 'the third to know' })
  expect([await consumers(), await count()]).toEqual([0, 20])

  expect(await resumeProjector(collectionOf)).toEqual(pause)
  expect(await readPause(collectionOf)).toBeUndefined()
  await waitFor(async () => (await count()) === 40, { timeoutMs, what: 'the other events' })
  expect(await resumeProjector(collectionOf)).toBeUndefined()
}, 40_000)

test('a write in hand is finished and acknowledged before the channel is given back', async () => {
  const writer = createStoreWriter(world.database.collectionOf)
  const gate = Promise.withResolvers<void>()
  const writing = Promise.withResolvers<void>()
  const projector = await world.startProjector({
    writer: {
      async write(collection, changes) {
        if (changes.length > 0) writing.resolve()
        await gate.promise
        return writer.write(collection, changes)
      },
    },
  })
  const [id] = some()
  await world.relay.publish(stored([id!]))
  await writing.promise
  await pauseProjector(collectionOf, { by: 'ada', reason: 'a look' })
  await waitFor(() => projector.pause.paused, { timeoutMs, what: 'the pause' })
  gate.resolve()
  const left = async () => {
    const queues = await Promise.all([0, 1].map((partition) => queueState(partition)))
    return queues.reduce((sum, { consumerCount, messageCount }) => sum + consumerCount + messageCount, 0)
  }
  await waitFor(async () => (await left()) === 0, { timeoutMs, what: 'the channels to be given back' })
  expect(await world.documents.findOne({ _id: id! })).toMatchObject({ version: 1 })
}, 20_000)

const queueState = (partition: number) =>
  world.relay.channel.queueDeclare(queueName('things-g1', partition, 2), { passive: true })
