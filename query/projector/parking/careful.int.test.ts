import { afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AMQPClient } from '@cloudamqp/amqp-client'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { createWorld, type World } from '../testing/world.ts'
import { groupMax } from '../careful.ts'
import { createStoreWriter, type StoreWriter } from '../store-writer.ts'
import { parkedEvents } from './parked-events.ts'
import { countParked, listParked, requestRelease } from './operations.ts'

let world: World
let stops: (() => Promise<void>)[]
beforeEach(async () => {
  world = await createWorld()
  stops = []
})
afterEach(async () => {
  for (const stop of stops) await stop()
  await world.dispose()
})

const collectionOf: World['database']['collectionOf'] = (name) => world.database.collectionOf(name)
const attempts = () => collectionOf('event_attempts').countDocuments({})
const entry = join(import.meta.dirname, '../testing/fatal-projector.ts')

/** A projector in a process of its own; when it ends the next one, which has been loaded meanwhile, takes its place. */
function keepAlive(replica: string, settings: Record<string, string> = {}) {
  const load = () =>
    Bun.spawn([process.execPath, entry], {
      env: {
        PATH: process.env['PATH'] ?? '',
        MONGO_URL: world.mongoUrl,
        RABBITMQ_URL: world.brokerUrl,
        REPLICA_ID: replica,
        ...settings,
      },
      stdio: ['pipe', 'inherit', 'inherit'],
    })
  const stopping = new AbortController()
  const ends: (string | number)[] = []
  let child = load()
  let spare = child
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      child = spare
      child.stdin.write('begin\n')
      await child.stdin.flush()
      spare = load()
      await child.exited
      ends.push(child.signalCode ?? child.exitCode ?? 'unknown')
    }
  }
  const running = run()
  stops.push(async () => {
    stopping.abort()
    child.kill('SIGKILL')
    spare.kill('SIGKILL')
    await Promise.all([running, spare.exited])
  })
  return { ends, kill: () => child.kill('SIGKILL') }
}

const idOn = (partition: number) => {
  for (;;) {
    const id = Bun.randomUUIDv7()
    if (partitionOf(id, 2) === partition) return id
  }
}

test('F16: events that kill the process are parked after as many attempts as are allowed, on both partitions, and nothing else is', async () => {
  // The queues are there before the events.
  await (await world.startProjector()).stop()
  const innocent = Array.from({ length: 400 }, () => Bun.randomUUIDv7())
  const fatal = [idOn(0), idOn(1)]
  const stored = (ids: string[], label = 'innocent') => ids.map((id) => ({ id, version: 1, label }))
  await world.relay.publish(stored(innocent.slice(0, 200)))
  await world.relay.publish(stored(fatal, 'fatal'))
  await world.relay.publish(stored(innocent.slice(200)))
  // What came after it is not behind it: the first of the two is well again.
  await world.relay.publish([{ id: fatal[0]!, version: 2, label: 'healed' }])

  // Each attempt is a process: two are enough to see that they are counted.
  const { ends } = keepAlive('replica-1', { ATTEMPTS_MAX: '2' })
  await waitFor(async () => (await countParked(collectionOf)) === 2, {
    timeoutMs: 90_000,
    what: 'both to be parked',
  })
  await waitFor(async () => (await world.documents.countDocuments({})) === 401, {
    timeoutMs: 90_000,
    what: 'all others',
  })
  expect(await world.documents.countDocuments({ _id: { $in: innocent } })).toBe(400)
  expect(await world.documents.findOne({ _id: fatal[0]! })).toMatchObject({ version: 2, label: 'healed' })
  const parked = await listParked(collectionOf)
  expect(parked.map(({ aggregate_id }) => aggregate_id).sort()).toEqual([...fatal].sort())
  for (const event of parked)
    expect(event).toMatchObject({
      code: 'kills-the-process',
      attempts: 2,
      event_type: 'things.thing.stored.v1',
    })
  // Twice in a batch at the most, for each of the two; then once in a small group and once alone.
  expect(ends.length).toBeLessThanOrEqual(4 + 4)
  expect(new Set(ends)).toEqual(new Set(['SIGKILL']))

  // Released before its cause is mended, it ends the process twice more and is where it was.
  const before = ends.length
  expect(await requestRelease(collectionOf, { aggregateId: fatal[1]! }, { by: 'a test' })).toBe(1)
  await waitFor(
    async () => {
      await expireClaims()
      return (await listParked(collectionOf, { aggregateId: fatal[1]! }))[0]?.last_error
    },
    { timeoutMs: 90_000, what: 'the release to be given up' },
  )
  expect(ends.length - before).toBe(2)
  const [still] = await listParked(collectionOf, { aggregateId: fatal[1]! })
  expect(still).toMatchObject({ last_error: { code: 'kills-the-process' } })
  expect(still).not.toHaveProperty('release_requested_at')
}, 200_000)

test('processes that are killed for another reason park nothing', async () => {
  await (await world.startProjector()).stop()
  const ids = Array.from({ length: 400 }, () => Bun.randomUUIDv7())
  await world.relay.publish(ids.map((id) => ({ id, version: 1, label: 'innocent' })))
  const small = { BATCH_MAX: '20' }
  const one = keepAlive('replica-1', small)
  const two = keepAlive('replica-2', small)
  let next = 60
  await waitFor(
    async () => {
      const count = await world.documents.countDocuments({})
      if (count >= next && one.ends.length + two.ends.length < 3) {
        const target = one.ends.length > two.ends.length ? two : one
        target.kill()
        next = count + 60
      }
      return count === ids.length
    },
    { timeoutMs: 90_000, what: 'all documents', intervalMs: 10 },
  )
  expect(one.ends.length + two.ends.length).toBeGreaterThan(2)
  expect(await countParked(collectionOf)).toBe(0)
}, 100_000)

test('what came back twice is applied in small groups, and all after it in batches again', async () => {
  await (await world.startProjector()).stop()
  const ids = Array.from({ length: 30 }, () => idOn(0))
  await world.relay.publish(ids.map((id) => ({ id, version: 1, label: 'innocent' })))
  // Twice taken and given back by closing the channel, as a consumer that is told to leave does.
  for (let times = 0; times < 2; times++) await takeAndGiveBack('things-g1.p00of02', ids.length)
  const later = Array.from({ length: 30 }, () => idOn(0))
  await world.relay.publish(later.map((id) => ({ id, version: 1, label: 'later' })))

  const sizes: number[] = []
  const projector = await world.startProjector({ writer: countingWriter(sizes) })
  await waitFor(async () => (await world.documents.countDocuments({})) === 60, {
    timeoutMs: 20_000,
    what: 'all of them',
  })
  // However they arrive, no group has one of those that came for the first time.
  const groups: number[] = []
  const suspects = () => groups.reduce((sum, size) => sum + size, 0)
  while (suspects() < ids.length) groups.push(sizes.shift()!)
  expect(suspects()).toBe(ids.length)
  expect(Math.max(...groups)).toBeLessThanOrEqual(groupMax)
  expect(await projector.total('projector_careful')).toBe(0)
  await waitFor(async () => (await attempts()) === 0, { timeoutMs: 10_000, what: 'no attempt to be left' })
})

/** Consumes a queue's messages, so many of them, and closes the channel with all of them unacknowledged. */
async function takeAndGiveBack(queue: string, count: number): Promise<void> {
  const client = new AMQPClient(world.brokerUrl)
  await client.connect()
  const channel = await client.channel()
  await channel.prefetch(count)
  const all = Promise.withResolvers<void>()
  let taken = 0
  await channel.basicConsume(queue, { noAck: false }, () => {
    if (++taken === count) all.resolve()
  })
  await all.promise
  await channel.close()
  await client.close()
}

/** The store's writer, noting how many documents each write had. */
function countingWriter(sizes: number[]): StoreWriter {
  const writer = createStoreWriter(world.database.collectionOf)
  return {
    write(collection, changes) {
      if (changes.length > 0) sizes.push(changes.length)
      return writer.write(collection, changes)
    },
  }
}

/** As if the minute had passed for which the process that died had claimed what it was to release. */
async function expireClaims(): Promise<void> {
  const claimed_until = '2020-01-01T00:00:00.000Z'
  await parkedEvents(collectionOf).updateMany(
    { claimed_until: { $exists: true } },
    { $set: { claimed_until } },
  )
}
