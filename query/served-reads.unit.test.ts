import { describe, expect, test } from 'bun:test'
import { HttpProblem } from '../shared/http/problem.ts'
import { silentLogger } from '../shared/process/log.ts'
import type { CollectionOf } from './projector/collection-of.ts'
import type { Serving } from './projector/generations/generations.ts'
import { atGeneration } from './projector/read-model.ts'
import { things } from './projector/testing/things.ts'
import { createServedReads } from './served-reads.ts'
import { createNotices } from './waiting/notices.ts'
import { createWaitingRoom } from './waiting/room.ts'

interface Thing {
  readonly label: string
}
const model = (generation: number) => atGeneration(things, generation)
const page = {
  where: [],
  order: { field: '_id', direction: 1 },
  after: undefined,
  limit: 9,
  fields: {},
} as const

/** Two collections in memory, of which the test sets the documents. */
function setUp(serving: () => Serving | Promise<Serving>, timeoutMs = 1_000) {
  const stores: Record<string, Map<string, number>> = { things_g1: new Map(), things_g2: new Map() }
  const collectionOf = ((name: string) => {
    const documents = () => [...stores[name]!].map(([_id, version]) => ({ _id, version, label: name }))
    return {
      collectionName: name,
      findOne: async ({ _id }: { _id: string }) => documents().find((found) => found._id === _id) ?? null,
      find: (filter: { _id?: { $in: string[] } }) => ({
        toArray: async () => documents().filter(({ _id }) => filter._id?.$in.includes(_id) ?? true),
      }),
    }
  }) as unknown as CollectionOf
  const reads = createServedReads<Thing>('things', {
    collectionOf,
    serving,
    timeoutMs,
    log: silentLogger,
    room: createWaitingRoom(10),
    notices: createNotices(),
  })
  return { reads, old: stores['things_g1']!, young: stores['things_g2']! }
}

test('the generation that serves is read, from the next read on after a switch', async () => {
  let generation = 1
  const { reads, old, young } = setUp(() => ({ model: model(generation), before: undefined }))
  old.set('a', 3)
  young.set('a', 3)
  expect(await reads.byId('a', {})).toMatchObject({ label: 'things_g1' })
  generation = 2
  expect(await reads.byId('a', {})).toMatchObject({ label: 'things_g2' })
})

test('before the store was asked a read waits, and is unavailable where that takes too long', async () => {
  const first = Promise.withResolvers<Serving>()
  const { reads, old } = setUp(() => first.promise, 50)
  old.set('a', 1)
  expect(await reads.byId('a', {}).catch((error: unknown) => error)).toBeInstanceOf(HttpProblem)
  const waiting = reads.byId('a', {})
  first.resolve({ model: model(1), before: undefined })
  expect(await waiting).toMatchObject({ version: 1 })
})

describe('right after a switch', () => {
  const switched = () => ({ model: model(2), before: model(1) })
  test('one that the new generation has not got yet is waited for, alone and in a page', async () => {
    const { reads, old, young } = setUp(switched)
    old.set('a', 4).set('b', 1)
    young.set('a', 3)
    const alone = reads.byId('a', {})
    const listed = reads.page(page)
    young.set('a', 4)
    expect(await alone).toMatchObject({ version: 4, label: 'things_g2' })
    young.set('b', 1)
    expect((await listed).map(({ _id, version, label }) => [_id, version, label])).toEqual([
      ['a', 4, 'things_g2'],
      ['b', 1, 'things_g2'],
    ])
  })
  test('and where it does not come, nobody is shown less than before', async () => {
    const { reads, old, young } = setUp(switched, 100)
    old.set('a', 4)
    young.set('a', 3)
    expect(await reads.byId('a', {})).toMatchObject({ version: 4, label: 'things_g1' })
    expect(await reads.page(page)).toMatchObject([{ version: 4, label: 'things_g1' }])
  })
  test('what only the new one has is shown', async () => {
    const { reads, old, young } = setUp(switched)
    old.set('a', 3)
    young.set('a', 4).set('c', 1)
    expect(await reads.byId('a', {})).toMatchObject({ version: 4 })
    expect(await reads.page(page)).toHaveLength(2)
  })
})
