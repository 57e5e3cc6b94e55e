import { afterEach, beforeEach, expect, test } from 'bun:test'
import { genericAggregates } from '../../command/aggregates.ts'
import type { Publisher } from '../../command/relay/publisher.ts'
import { createRelayService } from '../../command/relay/service.ts'
import { relaySettings } from '../../command/relay/settings.ts'
import { converge, differing, write, type Expected, type Services } from '../../ops/seed/journey.ts'
import { people } from '../../ops/seed/people.ts'
import { createQueryApp } from '../../query/app.ts'
import { createDatabase as createStore, type Database } from '../../query/database.ts'
import { createParkedView } from '../../query/projector/parking/view.ts'
import { createPauseSwitch } from '../../query/projector/pause.ts'
import { createPipelineView } from '../../query/projector/pipeline-view.ts'
import { createProjector } from '../../query/projector/projector.ts'
import { createRecords } from '../../query/projector/records.ts'
import { fixedGenerations } from '../../query/projector/testing/fixed-generations.ts'
import { storedDocument, type WriteOperation } from '../../query/projector/gate.ts'
import { createStoreWriter } from '../../query/projector/store-writer.ts'
import { settingsOf } from '../../query/projector/model-settings.ts'
import { readModels } from '../../query/read-models.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { createMetrics } from '../../shared/process/registry.ts'
import { loadSettings } from '../../shared/process/settings.ts'
import { migratedDatabase, startCommandSide, type MigratedDatabase } from '../support/command-side.ts'
import { createMongoUrl, createVhost, dropMongo, waitFor, type TestVhost } from '../support/stack.ts'

const count = 300
/** 300 created, 100 updated, 30 deleted. */
const eventCount = 430

let database: MigratedDatabase
let vhost: TestVhost
let mongoUrl: string
let store: Database
let stops: (() => Promise<unknown>)[]
beforeEach(async () => {
  ;[database, vhost, mongoUrl] = [await migratedDatabase(), await createVhost(), createMongoUrl()]
  store = createStore({ url: mongoUrl, readModels, poolMax: 20, timeoutMs: 3_000, log: silentLogger })
  stops = []
})
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop()
  await store.stop()
  await Promise.all([database.close(), vhost.drop(), dropMongo(mongoUrl)])
})

test('duplicated and shuffled deliveries leave every seeded user as the command side has it', async () => {
  const { services, expected } = await seedThrough()
  const { different } = await converge({
    services,
    expected,
    concurrency: 16,
    timeoutMs: 20_000,
    onProgress: () => {},
  })
  expect(different).toEqual([])
}, 60_000)

test('without the gate the same deliveries leave users that differ', async () => {
  const ungated: WriteOperation = (change) => ({
    replaceOne: { filter: { _id: change.id }, replacement: storedDocument(change), upsert: true },
  })
  const { services, expected, applied } = await seedThrough(ungated)
  await waitFor(async () => (await applied()) >= eventCount * 2, {
    timeoutMs: 30_000,
    what: 'all deliveries',
  })
  expect((await differing(services, expected, 16)).length).toBeGreaterThan(0)
}, 60_000)

/** Seeds over both apps; the backlog is published only then, every message twice and in a random order. */
async function seedThrough(operation?: WriteOperation) {
  const command = await startCommandSide(database.commandUrl)
  stops.push(command.stop)
  const app = createQueryApp({
    collectionOf: store.collectionOf,
    timeoutMs: 3_000,
    publicUrl: 'http://localhost:3001',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
  })
  const services: Services = {
    command: (method, path, body) => command.call(method, path, body),
    async query(path) {
      const response = await app.handle(new Request(`http://localhost${path}`))
      return { status: response.status, body: await response.json() }
    },
  }
  const expected: Expected = await write({
    services,
    people: people({ seed: 7, run: 'test' }),
    count,
    concurrency: 32,
    onProgress: () => {},
  })
  const applied = await startProjector(operation)
  await startRelay()
  return { services, expected, applied }
}

async function startProjector(operation: WriteOperation | undefined) {
  const records = createRecords(store.collectionOf)
  const metrics = createMetrics('test')
  const pause = createPauseSwitch({ collectionOf: store.collectionOf, log: silentLogger })
  pause.start()
  const projector = createProjector({
    generations: fixedGenerations(readModels),
    partitions: 2,
    replica: 'replica-1',
    brokerUrl: vhost.url,
    prefetch: 100,
    // Small, so that what was shuffled is not put in order again by the fold of a batch.
    batchMax: 3,
    stallMs: 30_000,
    overdueMs: 30_000,
    writer: createStoreWriter(store.collectionOf, operation),
    records,
    view: createPipelineView(records),
    parked: createParkedView(store.collectionOf),
    pause,
    attemptsMax: 3,
    parkedMax: 100,
    collectionOf: store.collectionOf,
    pingStore: store.ping,
    settingsOf: (model) => settingsOf(model, {}),
    log: silentLogger,
    metrics,
  })
  await projector.start()
  stops.push(projector.stop, pause.stop)
  return async () => {
    const metric = await metrics.getSingleMetric('projector_events_applied_total')!.get()
    return metric.values.reduce((sum, { value }) => sum + value, 0)
  }
}

async function startRelay() {
  const settings = loadSettings(relaySettings, {
    POSTGRES_RELAY_URL: database.relayUrl,
    RABBITMQ_URL: vhost.url,
    PARTITIONS: '2',
    RELAY_PORT: '0',
    RELAY_BACKOFF_MAX_MS: '200',
  })
  const { parts } = createRelayService(settings, genericAggregates, silentLogger, {
    publisher: duplicatedAndShuffled,
  })
  for (const part of parts) await part.start()
  for (const part of parts) stops.push(() => part.stop())
}

function duplicatedAndShuffled(publisher: Publisher): Publisher {
  let state = 42
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  return {
    async publish(messages, signal) {
      const order = [...messages.keys(), ...messages.keys()].map((index) => ({ index, key: random() }))
      order.sort((a, b) => a.key - b.key)
      const fates = await publisher.publish(
        order.map(({ index }) => messages[index]!),
        signal,
      )
      return messages.map((_, index) => {
        const own = fates.filter((_fate, place) => order[place]!.index === index)
        return own.find((fate) => fate !== 'confirmed') ?? 'confirmed'
      })
    },
    restore: (signal) => publisher.restore(signal),
    get state() {
      return publisher.state
    },
  }
}
