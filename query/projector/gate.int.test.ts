import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Collection } from 'mongodb'
import { createMongoUrl, dropMongo, uniqueName } from '../../tests/support/stack.ts'
import type { Database } from '../database.ts'
import { storedDocument, type Change, type WriteOperation } from './gate.ts'
import { createStoreWriter } from './store-writer.ts'
import { connect } from './testing/world.ts'

const url = createMongoUrl()
let database: Database

beforeAll(() => {
  database = connect(url)
})
afterAll(async () => {
  await database.stop()
  await dropMongo(url)
})

const time = '2026-01-02T03:04:05.678Z'
const change = (id: string, version: number, document: object | null = { label: `v${version}` }): Change => ({
  id,
  version,
  document,
  time,
})

type Stored = { _id: string; version: number }
function fresh(): Collection<Stored> {
  return database.collectionOf<Stored>(uniqueName('race'))
}

/**
 * Brings versions 1 and 2 of every id at the same moment, eight ids at a time.
 * @returns how many ids did not end at 2
 */
async function race(
  collection: Collection<Stored>,
  write: (change: Change) => Promise<unknown>,
): Promise<number> {
  const ids = Array.from({ length: 1_000 }, () => Bun.randomUUIDv7())
  const runners = Array.from({ length: 8 }, async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop())
      await Promise.all([write(change(id, 1)), write(change(id, 2))])
  })
  await Promise.all(runners)
  return 1_000 - (await collection.countDocuments({ version: 2 }))
}

describe('versions 1 and 2 of 1,000 new ids, raced', () => {
  test('through the gate every id ends at 2', async () => {
    const collection = fresh()
    const writer = createStoreWriter(() => collection as never)
    expect(await race(collection, (one) => writer.write('', [one]))).toBe(0)
  })
  for (const [guessed, isGuessed] of [
    ['the first is', (one: Change) => one.version === 1],
    ['both are', () => true],
  ] as const)
    test(`also where ${guessed} taken for new, and inserted first`, async () => {
      const collection = fresh()
      const writer = createStoreWriter(() => collection as never)
      const guess = (one: Change) => writer.write('', [{ ...one, isNew: isGuessed(one) }])
      expect(await race(collection, guess)).toBe(0)
    })

  // These two show that the race is one: without it the test above would prove nothing.
  test('the usual version filter, with E11000 as "already newer", loses updates', async () => {
    const collection = fresh()
    const lost = await race(collection, (one) =>
      collection.bulkWrite([filteredByVersion(one)] as never[], { ordered: false }).catch(ignoreDuplicates),
    )
    expect(lost).toBeGreaterThan(0)
  })
  test('no gate at all loses updates', async () => {
    const collection = fresh()
    const writer = createStoreWriter(() => collection as never, replace)
    expect(await race(collection, (one) => writer.write('', [one]))).toBeGreaterThan(0)
  })
})

describe.each([false, true])('one document, taken for new: %p', (isNew) => {
  const writeAll = async (changes: Change[]) => {
    const collection = fresh()
    const writer = createStoreWriter(() => collection as never)
    for (const one of changes) await writer.write('', [{ ...one, isNew }])
    return collection.findOne({})
  }

  test('an older or equal version changes nothing', async () => {
    const document = await writeAll([change('a', 2), change('a', 1), change('a', 2, { label: 'other' })])
    expect(document).toEqual({ _id: 'a', version: 2, label: 'v2' } as never)
  })
  test('a late update does not bring a deleted document back', async () => {
    const document = await writeAll([change('a', 1), change('a', 3, null), change('a', 2)])
    expect(document).toEqual({ _id: 'a', version: 3, deleted_at: time } as never)
  })
  test('a delete that comes before its insert wins', async () => {
    const document = await writeAll([change('a', 2, null), change('a', 1)])
    expect(document).toEqual({ _id: 'a', version: 2, deleted_at: time } as never)
  })
  test('a newer version replaces the whole document: a field that is gone stays gone', async () => {
    const document = await writeAll([
      change('a', 1, { label: 'x', extra: 1 }),
      change('a', 2, { label: '$version' }),
    ])
    expect(document).toEqual({ _id: 'a', version: 2, label: '$version' } as never)
  })
})

const filteredByVersion: WriteOperation = (change) => ({
  updateOne: {
    filter: { _id: change.id, version: { $lt: change.version } },
    update: { $set: { version: change.version } },
    upsert: true,
  },
})

const replace: WriteOperation = (change) => ({
  replaceOne: { filter: { _id: change.id }, replacement: storedDocument(change), upsert: true },
})

function ignoreDuplicates(error: { writeErrors?: { code: number }[] }): void {
  if (!error.writeErrors?.every(({ code }) => code === 11_000)) throw error
}
