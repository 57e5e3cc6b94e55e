import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { applyBatch } from './apply.ts'
import { storedDocument, type Change } from './gate.ts'
import type { Message } from './prepare.ts'
import { encodeThing, things, type ThingEvent } from './testing/things.ts'

/** A store in memory. @param isGated whether an older version leaves a newer one alone */
function createStore(isGated: boolean) {
  const documents = new Map<string, { version: number; document: object }>()
  return {
    async write(_: string, changes: readonly Change[]) {
      for (const change of changes) {
        const known = documents.get(change.id)
        if (isGated && known && known.version >= change.version) continue
        // Its time is the event's, which a test event has from the clock.
        const document = storedDocument({ ...change, time: 'then' })
        documents.set(change.id, { version: change.version, document })
      }
      return { applied: changes.length, skipped: 0 }
    },
    content: () => Object.fromEntries([...documents].sort().map(([id, { document }]) => [id, document])),
  }
}

/** Applies the events in batches of these sizes, taken in turn. */
async function contentAfter(events: readonly ThingEvent[], sizes: readonly number[], isGated: boolean) {
  const store = createStore(isGated)
  for (let at = 0, turn = 0; at < events.length; turn++) {
    const size = sizes[turn % sizes.length]!
    const batch = events.slice(at, at + size).map((event): Message => {
      const { type, body, messageId } = encodeThing(event)
      return { deliveryTag: 1, body: new TextEncoder().encode(body), properties: { type, messageId } }
    })
    await applyBatch(things, batch, store.write)
    at += size
  }
  return store.content()
}

/** Each id's events up to some version, the last one a removal or not. */
const history = fc
  .uniqueArray(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      versions: fc.integer({ min: 1, max: 5 }),
      isRemoved: fc.boolean(),
    }),
    { selector: ({ id }) => id, minLength: 1 },
  )
  .map((things) =>
    things.flatMap(({ id, versions, isRemoved }) =>
      Array.from({ length: versions }, (_, index): ThingEvent => {
        const version = index + 1
        return isRemoved && version === versions ? { id, version } : { id, version, label: `${id}${version}` }
      }),
    ),
  )

/** A history, and its deliveries: every event at least once, many twice, in any order. */
const deliveries = history.chain((events) =>
  fc.record({
    events: fc.constant(events),
    delivered: fc
      .shuffledSubarray(events)
      .chain((again) =>
        fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }),
      ),
    sizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
  }),
)
const run = { seed: 20_261_124, numRuns: 300 }

describe('any duplicated and shuffled delivery, in batches of any size', () => {
  test('gives the documents of the history', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ events, delivered, sizes }) => {
        expect(await contentAfter(delivered, sizes, true)).toEqual(await contentAfter(events, [1], true))
      }),
      run,
    )
  })
  test('and without the gate does not', async () => {
    const property = fc.asyncProperty(deliveries, async ({ events, delivered, sizes }) => {
      expect(await contentAfter(delivered, sizes, false)).toEqual(await contentAfter(events, [1], true))
    })
    expect((await fc.check(property, run)).failed).toBe(true)
  })
})
