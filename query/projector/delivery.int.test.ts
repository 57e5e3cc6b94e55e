import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { waitFor } from '../../tests/support/stack.ts'
import { queueName } from '../../shared/messaging/names.ts'
import { storedDocument } from './gate.ts'
import { byPreference } from './balance/rendezvous.ts'
import { createStoreWriter, type StoreWriter } from './store-writer.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import type { ThingEvent } from './testing/things.ts'
import { hasty } from './testing/wiring.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 10_000
const appliedTotal = 'projector_events_applied_total'
const ids = Array.from({ length: 40 }, () => Bun.randomUUIDv7())

/** Five versions of each id: stored, changed, and every third one removed at the end. */
const history: readonly ThingEvent[] = [1, 2, 3, 4, 5].flatMap((version) =>
  ids.map((id, index) =>
    version === 5 && index % 3 === 0 ? { id, version } : { id, version, label: `${index}/${version}` },
  ),
)

/** Every event three times, in an order of no sense, from a fixed seed. */
const [scrambled] = fc.sample(
  fc.shuffledSubarray([...history, ...history, ...history], { minLength: history.length * 3 }),
  { numRuns: 1, seed: 20_261_124 },
)

/** Ids whose document is not what the history ends with. */
async function differing(): Promise<string[]> {
  const documents = new Map((await world.documents.find({}).toArray()).map((found) => [found['_id'], found]))
  return ids.filter((id, index) => {
    const { version, label, deleted_at } = documents.get(id) ?? {}
    return index % 3 === 0
      ? version !== 5 || label !== undefined || deleted_at === undefined
      : version !== 5 || label !== `${index}/5`
  })
}

describe('600 deliveries of 200 events, duplicated and shuffled', () => {
  const run = async (writer: StoreWriter) => {
    const projector = await world.startProjector({ writer, batchMax: 7 })
    await world.relay.publish(scrambled!)
    await waitFor(async () => (await projector.total(appliedTotal)) === 600, {
      timeoutMs,
      what: 'all deliveries',
    })
    return differing()
  }
  test('give the documents of the history', async () => {
    expect(await run(createStoreWriter(world.database.collectionOf))).toEqual([])
  })
  test('and without the gate they do not', async () => {
    const ungated = createStoreWriter(world.database.collectionOf, (change) => ({
      replaceOne: { filter: { _id: change.id }, replacement: storedDocument(change), upsert: true },
    }))
    expect(await run(ungated)).not.toEqual([])
  })
})

describe('acknowledged after the write, and not before', () => {
  test('what was written and not acknowledged comes again, and changes nothing', async () => {
    const { url: brokerUrl, proxy } = await behindProxy(world.brokerUrl)
    try {
      const writer = createStoreWriter(world.database.collectionOf)
      const written = Promise.withResolvers<number>()
      await world.startProjector({
        brokerUrl,
        writer: {
          async write(collection, changes) {
            const outcome = await writer.write(collection, changes)
            // As if the process died here: the write is done, and no acknowledgement ever leaves.
            if (changes.length > 0) {
              void proxy.down()
              written.resolve(changes.length)
            }
            return outcome
          },
        },
      })
      await world.relay.publish(history)
      expect(await written.promise).toBeGreaterThan(0)
      const next = await world.startProjector({ replica: 'replica-2' })
      await waitFor(async () => (await next.total(appliedTotal)) === history.length, {
        timeoutMs,
        what: 'every event again',
      })
      expect(await differing()).toEqual([])
    } finally {
      await proxy.stop()
    }
  })

  test('while writes fail nothing is lost, and the pipeline says so', async () => {
    const writer = createStoreWriter(world.database.collectionOf)
    let isAway = true
    let failures = 0
    const projector = await world.startProjector({
      writer: {
        async write(collection, changes) {
          if (!isAway) return writer.write(collection, changes)
          failures++
          throw Object.assign(new Error('not primary'), { code: 10_107 })
        },
      },
    })
    await world.relay.publish(history)
    await waitFor(() => failures > 3, { timeoutMs, what: 'failed writes' })
    expect((await projector.pipeline())['writes']).toMatchObject({ state: 'failed' })
    expect(await projector.total(appliedTotal)).toBe(0)
    expect(await projector.total('projector_lag_seconds')).toBeGreaterThan(0)
    isAway = false
    await waitFor(async () => (await differing()).length === 0, { timeoutMs, what: 'every document' })
    await waitFor(async () => (await projector.total('projector_lag_seconds')) === 0, {
      timeoutMs,
      what: 'no lag',
    })
    expect((await projector.pipeline())['writes']).toMatchObject({ state: 'ok' })
  })

  test('a stop finishes the write in hand and leaves the rest to whoever comes next', async () => {
    const writer = createStoreWriter(world.database.collectionOf)
    const gate = Promise.withResolvers<void>()
    const writing = Promise.withResolvers<void>()
    const first = await world.startProjector({
      batchMax: 3,
      writer: {
        async write(collection, changes) {
          writing.resolve()
          await gate.promise
          return writer.write(collection, changes)
        },
      },
    })
    await world.relay.publish(history)
    await writing.promise
    const stopped = first.stop()
    gate.resolve()
    await stopped
    const done = await first.total(appliedTotal)
    const next = await world.startProjector({ replica: 'replica-2' })
    await waitFor(async () => (await differing()).length === 0, { timeoutMs, what: 'every document' })
    // One batch of at most three on each of the two partitions, none of them delivered again.
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThanOrEqual(6)
    await waitFor(async () => (await next.total(appliedTotal)) === history.length - done, {
      timeoutMs,
      what: 'the rest, once',
    })
  })
})

test('two replicas share the partitions, and one that is cut off loses nothing', async () => {
  const { url: brokerUrl, proxy } = await behindProxy(world.brokerUrl)
  try {
    const [first, second] = sharing()
    const one = await world.startProjector({ replica: first, brokerUrl, balanceTimes: hasty })
    const two = await world.startProjector({ replica: second, balanceTimes: hasty })
    const published: string[] = []
    const publish = async (count: number) => {
      const fresh = Array.from({ length: count }, () => Bun.randomUUIDv7())
      published.push(...fresh)
      await world.relay.publish(fresh.map((id) => ({ id, version: 1, label: id })))
    }
    await waitFor(
      async () => {
        await publish(4)
        return (await one.total(appliedTotal)) > 0 && (await two.total(appliedTotal)) > 0
      },
      { timeoutMs, what: 'both to apply events' },
    )
    await publish(200)
    void proxy.down()
    await publish(200)
    await waitFor(async () => (await world.documents.countDocuments({})) === published.length, {
      timeoutMs,
      what: 'every document',
    })
  } finally {
    await proxy.stop()
  }
})

/** Two replicas' names, the first of which is preferred on partition 0 and the other on 1. */
function sharing(): [string, string] {
  const [onZero, onOne] = [0, 1].map((partition) => byPreference(queueName('things-g1', partition, 2)))
  for (let number = 0; ; number++) {
    const names: [string, string] = ['replica', `replica-${number}`]
    if (onZero!(...names) < 0 && onOne!(...names) > 0) return names
  }
}
