import { afterEach, beforeEach, expect, test } from 'bun:test'
import { envelopeBytesMax } from '../../../shared/events/envelope.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { encodeThing, things } from '../testing/things.ts'
import { ask, createWorld, type World } from '../testing/world.ts'
import { countParked, discardParked, listParked, requestRelease, showParked } from './operations.ts'
import { parkedProbe } from './view.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 10_000
const collectionOf: World['database']['collectionOf'] = (name) => world.database.collectionOf(name)
const parked = () => listParked(collectionOf)
const labelOf = async (id: string) => (await world.documents.findOne({ _id: id }))?.label
const onPartition0 = () => {
  for (;;) {
    const id = Bun.randomUUIDv7()
    if (partitionOf(id, 2) === 0) return id
  }
}
const all = (count: number, of: () => Promise<number>) => () => of().then((found) => found === count)

/** The read model as a deployment mends it: what it could not decode is a thing of that label now. */
const mended = {
  ...things,
  handles: {
    ...things.handles,
    decode: (envelope: Parameters<typeof things.handles.decode>[0]) =>
      things.handles.decode({
        ...envelope,
        data: { label: String((envelope.data as { label: unknown }).label) },
      }),
  },
}

test('F16: each kind of message that cannot be applied is parked with its reason, once, and all others flow', async () => {
  const refusing = {
    ...things,
    project(event: Parameters<typeof things.project>[0]) {
      if ((event.data as { label?: string }).label === 'throw')
        throw new Error('a label, which may be personal')
      return things.project(event)
    },
  }
  const projector = await world.startProjector({ readModels: [refusing] })
  const good = Array.from({ length: 50 }, onPartition0)
  const id = onPartition0()
  const { body, type } = encodeThing({ id, version: 3, label: 'fine' })
  const huge = JSON.stringify({ label: 'x'.repeat(10_000_000) })
  const bad: [code: string, body: string, properties: { type?: string; messageId?: string }][] = [
    ['not-json', '{"label":', { type, messageId: 'bad-json' }],
    ['not-json', '', {}],
    ['not-an-envelope', body.replace(`"id":"${id}/3",`, ''), { type }],
    ['not-an-envelope', '{"label":"a"}', { type, messageId: 'a name with spaces' }],
    ['unknown-type', body.replaceAll('.stored.', '.polished.'), { type, messageId: 'unknown-type' }],
    ['unknown-type', body.replaceAll('.v1', '.v9'), { type, messageId: 'unknown-version' }],
    ['invalid-data', body.replace('"fine"', '17'), { type, messageId: 'invalid' }],
    ['projection-failed', body.replace('"fine"', '"throw"'), { type, messageId: 'thrown' }],
    ['too-large', body.replace('{"label":"fine"}', huge), { type, messageId: 'large' }],
  ]
  for (const [index, [, content, properties]] of bad.entries()) {
    await world.relay.publish(
      good.slice(index * 5, index * 5 + 5).map((one) => ({ id: one, version: 1, label: one })),
    )
    await world.relay.foreign(0, content, properties)
  }
  await world.relay.publish(good.slice(45).map((one) => ({ id: one, version: 1, label: one })))
  await waitFor(
    all(50, () => world.documents.countDocuments({ _id: { $in: good } })),
    { timeoutMs, what: 'the others' },
  )
  await waitFor(
    all(bad.length, () => countParked(collectionOf)),
    { timeoutMs, what: 'the bad ones' },
  )

  const found = await parked()
  expect(found.map(({ code }) => code).sort()).toEqual(bad.map(([code]) => code).sort())
  expect(found.find(({ event_id }) => event_id === `${id}/3`)).toMatchObject({
    group: 'things-g1',
    partition: 0,
    aggregate_id: id,
    version: 3,
    attempts: 1,
  })
  expect(JSON.stringify(found)).not.toContain('personal')
  expect(await world.documents.findOne({ _id: id })).toBeNull()
  const large = await showParked(collectionOf, 'things-g1/large')
  expect(large?.body.length()).toBeGreaterThan(10 * envelopeBytesMax)
  expect(await projector.total('projector_parked_total')).toBe(bad.length)

  await projector.parked.refresh()
  expect((await ask([parkedProbe(projector.parked)]))['parked']).toMatchObject({
    state: 'failed',
    count: bad.length,
    groups: { 'things-g1': bad.length },
  })
  expect((await projector.pipeline())['events']).toMatchObject({ state: 'ok' })
  expect(await projector.total('projector_parked_events')).toBe(bad.length)
}, 30_000)

test('the same message again, after a lost acknowledgement, is parked once; another one with its id is not taken for it', async () => {
  const projector = await world.startProjector()
  for (const content of ['one', 'one', 'two', 'one', 'two'])
    await world.relay.foreign(0, content, { messageId: 'same' })
  const id = onPartition0()
  await world.relay.publish([{ id, version: 1, label: 'after' }])
  // Applied in one batch with what is parked after it.
  await waitFor(async () => (await labelOf(id)) === 'after', { timeoutMs, what: 'what stood behind them' })
  await waitFor(async () => (await projector.total('projector_events_applied_total')) === 1, {
    timeoutMs,
    what: 'all of it to be settled',
  })
  expect((await parked()).length).toBe(2)
  expect(await projector.total('projector_parked_total')).toBe(2)
})

test('a partition that has parked all it may stops, and goes on when an operator discarded some', async () => {
  const projector = await world.startProjector({ parkedMax: 3 })
  const id = onPartition0()
  for (const name of ['a', 'b', 'c', 'd', 'e']) await world.relay.foreign(0, name, { messageId: name })
  await world.relay.publish([{ id, version: 1, label: 'behind' }])
  const events = await waitFor(
    async () => {
      const check = (await projector.pipeline())['events']
      return check?.state === 'failed' ? check : undefined
    },
    { timeoutMs, what: 'an alarm' },
  )
  expect(events).toMatchObject({
    partitions: [{ group: 'things-g1', partition: 0, code: 'not-json', id: 'd' }],
  })
  expect(await countParked(collectionOf)).toBe(3)

  expect(await discardParked(collectionOf, { ids: ['things-g1/a', 'things-g1/b'] })).toBe(2)
  await waitFor(async () => (await projector.pipeline())['events']?.state === 'ok', {
    timeoutMs,
    what: 'an end of it',
  })
  await waitFor(async () => (await labelOf(id)) === 'behind', { timeoutMs, what: 'what stood behind them' })
  await waitFor(
    all(3, () => countParked(collectionOf)),
    { timeoutMs, what: 'the rest to be parked' },
  )
  expect((await parked()).map(({ event_id }) => event_id).sort()).toEqual(['c', 'd', 'e'])
}, 30_000)

test('1,000 are released: newer states stand, the others are made good, and what cannot be applied keeps its reason', async () => {
  const first = await world.startProjector({ parkedMax: 10_000 })
  const ids = Array.from({ length: 1_000 }, () => Bun.randomUUIDv7())
  const hopeless = Bun.randomUUIDv7()
  await world.relay.publish(ids.map((id, index) => ({ id, version: 1, label: index })))
  await world.relay.foreign(0, 'hopeless', { messageId: hopeless })
  // Every tenth was changed since, which healed it.
  const healed = ids.filter((_, index) => index % 10 === 0)
  await world.relay.publish(healed.map((id) => ({ id, version: 2, label: 'healed' })))
  await waitFor(
    all(1_001, () => countParked(collectionOf)),
    { timeoutMs: 20_000, what: 'all to be parked' },
  )
  await waitFor(
    all(100, () => world.documents.countDocuments({})),
    { timeoutMs, what: 'the healed' },
  )
  await first.stop()

  // Both replicas of the mended deployment take part.
  const replicas = [
    await world.startProjector({ readModels: [mended], replica: 'replica-2' }),
    await world.startProjector({ readModels: [mended], replica: 'replica-3' }),
  ]
  expect(await requestRelease(collectionOf, {}, { by: 'a test' })).toBe(1_001)
  await waitFor(
    all(1, () => countParked(collectionOf)),
    { timeoutMs: 30_000, what: 'all to be released' },
  )
  const documents = await world.documents.find({}).toArray()
  const labels = new Map(documents.map(({ _id, label }) => [_id, label]))
  expect(ids.filter((id, index) => labels.get(id) !== (index % 10 === 0 ? 'healed' : String(index)))).toEqual(
    [],
  )
  const released = await Promise.all(replicas.map((replica) => replica.total('projector_released_total')))
  expect(released[0]! + released[1]!).toBe(1_000)
  const [left] = await waitFor(
    async () => {
      const found = await parked()
      return found[0]?.last_error ? found : undefined
    },
    { timeoutMs, what: 'its reason' },
  )
  expect(left).toMatchObject({ event_id: hopeless, code: 'not-json', last_error: { code: 'not-json' } })
  expect(left).not.toHaveProperty('release_requested_at')
}, 60_000)
