import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createMongoUrl, dropMongo, waitFor } from '../../../tests/support/stack.ts'
import type { Database } from '../../database.ts'
import { connect } from '../testing/world.ts'
import { createAttempts, type AttemptDocument } from './attempts.ts'

const url = createMongoUrl()
let database: Database
beforeAll(() => {
  database = connect(url)
})
afterAll(async () => {
  await database.stop()
  await dropMongo(url)
})

const collectionOf: Database['collectionOf'] = (name) => database.collectionOf(name)
const [a, b, c] = ['a', 'b', 'c'].map((name) => createAttempts(collectionOf, name)) as [
  ReturnType<typeof createAttempts>,
  ReturnType<typeof createAttempts>,
  ReturnType<typeof createAttempts>,
]

test('an attempt counts for the other processes, once for each that began one, until it is withdrawn or done', async () => {
  const keys = ['g/1', 'g/2']
  expect(await a.fatal(keys)).toEqual([0, 0])
  await a.begin(keys)
  await a.begin(keys)
  // The process itself lives: whatever it began before, it survived.
  expect(await a.fatal(keys)).toEqual([0, 0])
  await b.begin(['g/2'])
  expect(await c.fatal(keys)).toEqual([1, 2])
  expect(await c.fatal(keys.toReversed())).toEqual([2, 1])
  await b.withdraw(['g/2'])
  expect(await c.fatal(keys)).toEqual([1, 1])
  a.forget(['g/1'])
  await waitFor(async () => (await c.fatal(['g/1']))[0] === 0, {
    timeoutMs: 5_000,
    what: 'it to be forgotten',
  })
})

test('what nobody tried for a day is swept', async () => {
  await a.begin(['g/old', 'g/new'])
  const documents = collectionOf<AttemptDocument>('event_attempts')
  await documents.updateOne({ _id: 'g/old' }, { $set: { last_at: '2020-01-01T00:00:00.000Z' } })
  await b.sweep()
  expect(await b.fatal(['g/old', 'g/new'])).toEqual([0, 1])
})
