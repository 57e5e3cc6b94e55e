import { afterEach, beforeEach, expect, test } from 'bun:test'
import { migratedDatabase, type MigratedDatabase } from '../../../tests/support/command-side.ts'
import { PostgresLog } from '../postgres-log.ts'
import { eventRow } from '../testing/world.ts'
import { discardParked, listParked, requestRelease } from './operations.ts'
import { parkingStore, type ParkingStore } from './parking-store.ts'

let database: MigratedDatabase
let log: PostgresLog
let parking: ParkingStore
let token: number
beforeEach(async () => {
  database = await migratedDatabase()
  const rows = [1, 2, 3, 4].map((version) => eventRow(id, version))
  await database.sql`INSERT INTO outbox ${database.sql(rows)}`
  log = new PostgresLog({ url: database.relayUrl, statementTimeoutMs: 5_000 })
  parking = parkingStore(log)
  token = await lease('first')
})
afterEach(async () => {
  await log.stop()
  await database.close()
})

const id = '0190a5a0-0000-7000-8000-000000000001'
const aggregate = { aggregatetype: 'users', aggregateid: id }
const ttlMs = 60_000

async function lease(owner: string): Promise<number> {
  await database.sql`UPDATE outbox_cursor SET owner = NULL`
  const taken = await log.acquire({ owner, ttlMs })
  if (!taken.acquired) throw new Error('not acquired')
  return taken.token
}
const keep = (seq: number, seqs: number[], by = token) =>
  log.moveCursor({ token: by, seq, ttlMs, kept: { seqs, aggregates: [{ ...aggregate, reason: 'why' }] } })
const seqs = async () => {
  const { rows } = await parking.read({ ...aggregate, after: 0, limit: 100, bytesMax: 1e9 })
  return rows.map(({ seq }) => seq)
}

test('kept events move with the cursor, and read as they were in the log', async () => {
  expect(await keep(3, [1, 3])).toBe(true)
  expect(await keep(4, [4])).toBe(true)
  expect(await seqs()).toEqual([1, 3, 4])
  const inLog = await log.read({ after: 0, limit: 1, bytesMax: 1e9 })
  const parked = await parking.read({ ...aggregate, after: 0, limit: 1, bytesMax: 1e9 })
  expect({ ...parked.rows[0], bytes: 0 }).toEqual({ ...inLog.rows[0]!, bytes: 0 })
  expect(await parking.aggregates()).toEqual([{ ...aggregate, reason: 'why' }])
  expect(await listParked(database.sql)).toMatchObject([{ events: 3, first_seq: 1 }])
  expect((await log.observe()).cursor).toBe(4)
})

test('an old token keeps, removes, ends and parks nothing', async () => {
  await keep(2, [1, 2])
  const old = token
  const next = await lease('second')
  expect(await keep(4, [3, 4], old)).toBe(false)
  expect(await parking.remove({ ...aggregate, token: old, seq: 2 })).toBe(false)
  expect(await parking.parkAgain({ ...aggregate, token: old, reason: 'late' })).toBe(false)
  expect(await seqs()).toEqual([1, 2])
  expect(await listParked(database.sql)).toMatchObject([{ events: 2, reason: 'why' }])
  expect((await log.observe()).cursor).toBe(2)

  expect(await parking.remove({ ...aggregate, token: next, seq: 2 })).toBe(true)
  expect(await parking.endRelease({ ...aggregate, token: old })).toBeUndefined()
  expect(await listParked(database.sql)).toHaveLength(1)
  expect(await parking.endRelease({ ...aggregate, token: next })).toEqual({ ended: true, discarded: 0 })
})

test('a statement that arrives late brings nothing back, and a release ends only when nothing is left', async () => {
  await keep(2, [1, 2])
  expect(await parking.endRelease({ ...aggregate, token })).toEqual({ ended: false, discarded: null })
  await parking.remove({ ...aggregate, token, seq: 1 })
  expect(await listParked(database.sql)).toMatchObject([{ events: 1 }])
  await parking.remove({ ...aggregate, token, seq: 2 })
  await parking.endRelease({ ...aggregate, token })
  expect(await keep(2, [1, 2])).toBe(true)
  expect(await seqs()).toEqual([])
  expect(await listParked(database.sql)).toEqual([])
})

test('marks: by a release, by a discard with what it deletes, and by a row that is gone; a new reason clears it', async () => {
  await keep(2, [1, 2])
  expect(await parking.isMarked(aggregate)).toBe(false)
  await requestRelease(database.sql, aggregate, { by: 'ada' })
  expect(await parking.isMarked(aggregate)).toBe(true)
  await parking.parkAgain({ ...aggregate, token, reason: 'again' })
  expect(await parking.isMarked(aggregate)).toBe(false)

  expect(await discardParked(database.sql, aggregate, { by: 'ada' })).toBe(2)
  expect(await listParked(database.sql)).toMatchObject([{ events: 0, discarded: 2, reason: 'again' }])
  expect(await parking.isMarked(aggregate)).toBe(true)
  await keep(3, [3])
  expect(await seqs()).toEqual([3])
  await database.sql`DELETE FROM outbox_parked_aggregates`
  expect(await parking.isMarked(aggregate)).toBe(true)
})
