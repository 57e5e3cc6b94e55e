import { afterEach, beforeEach, expect, test } from 'bun:test'
import { silentLogger } from '../../../shared/process/log.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { createRecords } from '../records.ts'
import { idOn, things } from '../testing/things.ts'
import { createWorld, type StoredThing, type World } from '../testing/world.ts'
import { createGenerations, type Generations } from './generations.ts'
import { createPointers, type Pointer, type PointerChange, type Pointers } from './pointers.ts'
import { createReplicas } from './replicas.ts'

let world: World
let pointers: Pointers
let closing: Generations[]
beforeEach(async () => {
  world = await createWorld()
  pointers = createPointers(world.database.collectionOf)
  closing = []
})
afterEach(async () => {
  for (const generations of closing) await generations.stop()
  await world.dispose()
})

const timeoutMs = 20_000

function start(options: Partial<Parameters<typeof createGenerations>[0]> = {}): Generations {
  const { collectionOf } = world.database
  const generations = createGenerations({
    readModels: [things],
    partitions: 2,
    replica: 'replica-1',
    collectionOf,
    records: createRecords(collectionOf),
    log: silentLogger,
    lookMs: 50,
    ...options,
  })
  void generations.start()
  closing.push(generations)
  return generations
}

async function change(to: PointerChange): Promise<Pointer> {
  const changed = await pointers.change((await pointers.find('things'))!, to)
  expect(changed).toBeDefined()
  return changed!
}
const reports = () => createReplicas(world.database.collectionOf).all()
/** Every process acts on this revision. */
const isSeen = ({ revision }: Pointer) =>
  waitFor(async () => (await reports()).every(({ revisions }) => revisions['things'] === revision), {
    timeoutMs,
    what: 'the pointer to be seen',
  })
const labelIn = async (collection: string, id: string) =>
  (await world.database.collectionOf<StoredThing>(collection).findOne({ _id: id }))?.label

test('the first process notes the generation of its code, and all go by that', async () => {
  const [one, two] = [start(), start({ replica: 'replica-2', readModels: [{ ...things, generation: 5 }] })]
  const [first, second] = [await one.serving('things'), await two.serving('things')]
  expect(first.model.generation).toBe(second.model.generation)
  expect(await pointers.find('things')).toMatchObject({ revision: 1, fed: [first.model.generation] })
})

test('a projection that has changed since is told of, and goes on with what there is', async () => {
  await start().serving('things')
  const newer = start({ replica: 'replica-2', readModels: [{ ...things, generation: 2 }] })
  expect((await newer.serving('things')).model).toMatchObject({ collection: 'things_g1' })
  expect(newer.fed().map(({ group }) => group)).toEqual(['things-g1'])
  expect(await newer.probe()).toMatchObject({ state: 'degraded', read_models: ['things'] })
  expect(await closing[0]!.probe()).toMatchObject({ state: 'ok' })
})

test('of two who change a pointer at once one succeeds', async () => {
  await start().serving('things')
  const known = (await pointers.find('things'))!
  const results = await Promise.all([2, 3].map((highest) => pointers.change(known, { highest })))
  expect(results.filter(Boolean)).toHaveLength(1)
})

test('a second generation is fed beside the first, read after a switch, and the first is fed no more', async () => {
  await world.relay.takeRequests()
  const generations = start()
  const projector = await world.startProjector({ generations })
  await world.relay.replay(await world.relay.nextRequest())

  await isSeen(await change({ fed: [1, 2], highest: 2 }))
  const request = await world.relay.nextRequest()
  expect(request).toMatchObject({ group: 'things-g2', only: null, scope: { kind: 'all' } })
  const [before, live] = [idOn(0), idOn(1)]
  await world.relay.publish([{ id: live, version: 1, label: 'live' }])
  await world.relay.replay(request, [{ id: before, version: 3, label: 'before' }])
  for (const collection of ['things_g1', 'things_g2'])
    await waitFor(async () => (await labelIn(collection, live)) === 'live', { timeoutMs, what: collection })
  await waitFor(async () => (await labelIn('things_g2', before)) === 'before', {
    timeoutMs,
    what: 'the replay',
  })
  const indexes = await world.database.collectionOf('things_g2').indexes()
  expect(indexes.map(({ name }) => name)).toContain('label')
  expect(await generations.serving('things')).toMatchObject({ model: { generation: 1 }, before: undefined })

  await isSeen(await change({ serving: 2 }))
  expect(await generations.serving('things')).toMatchObject({
    model: { generation: 2 },
    before: { generation: 1 },
  })
  await waitFor(
    async () => {
      await Promise.all([0, 1].map((partition) => world.relay.heartbeat(partition)))
      return (await generations.serving('things')).before === undefined
    },
    { timeoutMs, what: 'the new generation to have caught up' },
  )

  await isSeen(await change({ fed: [2] }))
  const old = await world.relay.channel.queueDeclare('things-g1.p00of02', { passive: true })
  expect(old.consumerCount).toBe(0)
  await world.relay.publish([{ id: live, version: 2, label: 'later' }])
  await waitFor(async () => (await labelIn('things_g2', live)) === 'later', { timeoutMs, what: 'the event' })
  expect(await labelIn('things_g1', live)).toBe('live')
  expect((await projector.pipeline())['consumers']).toMatchObject({ state: 'ok', partitions: 2 })
  expect(await projector.total('projector_consumer_up')).toBe(2)
}, 60_000)

test('a process that ends takes its report away', async () => {
  const generations = start()
  await waitFor(async () => (await reports()).length === 1, { timeoutMs, what: 'the report' })
  expect(await reports()).toMatchObject([
    { replica: 'replica-1', partitions: 2, code: { things: 1 }, revisions: { things: 1 } },
  ])
  await generations.stop()
  expect(await reports()).toEqual([])
})
