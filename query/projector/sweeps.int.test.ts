import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { behindProxy } from '../../tests/support/proxy.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { integer } from '../../shared/process/settings.ts'
import { settingsOf, settingsTableOf } from './model-settings.ts'
import type { ReadModel } from './read-model.ts'
import { idOn, things } from './testing/things.ts'
import { connect, createWorld, type StoredThing, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 15_000

/** Marks every thing once; of two replicas at once each does what is left. */
const swept: ReadModel = {
  ...things,
  settings: { THINGS_MARK: integer({ doc: 'A mark.', default: 7, min: 0, max: 9 }) },
  sweep: {
    everyMs: 50,
    async run({ collection, settings }) {
      const mark = settings['THINGS_MARK']
      const result = await collection.updateMany(
        { mark: { $exists: false } } as object,
        { $set: { mark } } as object,
      )
      return result.modifiedCount
    },
  },
}
const marks = async () =>
  (await world.documents.find({}).toArray()).map(
    (document) => (document as StoredThing & { mark?: number }).mark,
  )

test('a read model is swept again and again, by every replica, with its own settings', async () => {
  const options = {
    readModels: [swept],
    settingsOf: (model: ReadModel) => settingsOf(model, { THINGS_MARK: 8 }),
  }
  const [one, two] = [
    await world.startProjector(options),
    await world.startProjector({ ...options, replica: 'replica-2' }),
  ]
  for (const round of [1, 2]) {
    await world.relay.publish(
      [0, 1, 0, 1].map((partition) => ({ id: idOn(partition), version: 1, label: 'x' })),
    )
    await waitFor(async () => (await marks()).filter((mark) => mark === 8).length === 4 * round, {
      timeoutMs,
      what: 'the sweep',
    })
  }
  const total = async () =>
    (await one.total('projector_swept_documents_total')) +
    (await two.total('projector_swept_documents_total'))
  await waitFor(async () => (await total()) >= 8, { timeoutMs, what: 'the count' })
}, 60_000)

test('a store that is away only delays it', async () => {
  const { url, proxy } = await behindProxy(world.mongoUrl)
  const database = connect(url)
  try {
    await world.startProjector({
      readModels: [swept],
      settingsOf: (model) => settingsOf(model, {}),
      database,
    })
    await proxy.down()
    await world.documents.insertOne({ _id: idOn(0), version: 1 })
    expect(await marks()).toEqual([undefined])
    await proxy.up()
    await waitFor(async () => (await marks())[0] === 7, { timeoutMs: 30_000, what: 'the sweep' })
  } finally {
    await database.stop()
    await proxy.stop()
  }
}, 60_000)

test('settings of read models are one table, and a name is taken once', () => {
  expect(Object.keys(settingsTableOf([things, swept]))).toEqual(['THINGS_MARK'])
  const other = {
    ...things,
    settings: { THINGS_MARK: integer({ doc: 'Other.', default: 1, min: 0, max: 9 }) },
  }
  expect(() => settingsTableOf([swept, other])).toThrow('THINGS_MARK')
})

const versions: ReadModel = {
  ...things,
  perVersion: { deletion: 'gone' },
  isKeyedByAggregate: false,
  document: Type.Object({ label: Type.String(), gone: Type.Optional(Type.Literal(true)) }),
  key: ({ aggregateId, version }) => `${aggregateId}.${String(version).padStart(10, '0')}`,
  project: ({ data }) => ({ label: (data as { label?: string }).label ?? '', gone: true }),
}

test('of a read model with a document for each version it is known which event arrived, and which did not', async () => {
  await world.relay.takeRequests()
  const projector = await world.startProjector({ readModels: [versions] })
  await world.relay.replay(await world.relay.nextRequest())
  const id = idOn(0)
  await world.relay.publish([1, 2].map((version) => ({ id, version, seq: version, label: `v${version}` })))
  await waitFor(async () => (await world.documents.countDocuments({})) === 2, {
    timeoutMs,
    what: 'both versions',
  })
  const last = (version: number) => ({ things: { seq: version, count: version, id, version } })
  await world.relay.heartbeat(0, { head: 2, cursor: 2, last: last(2), term: 1, number: 1 })
  await waitFor(async () => (await projector.records.heartbeatOf('things-g1.p00of02'))?.seen === 2, {
    timeoutMs,
    what: 'the proof',
  })
  // A newer version is none that came: here a document does not stand for those before it.
  await world.relay.heartbeat(0, { head: 3, cursor: 3, last: last(3), term: 1, number: 2 })
  await waitFor(async () => (await projector.records.queueOf('things-g1.p00of02'))?.replay !== undefined, {
    timeoutMs,
    what: 'the need of a replay',
  })
}, 60_000)
