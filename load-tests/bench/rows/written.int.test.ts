import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { makePlaces, query, type Places } from '../../../ops/faults/world/places.ts'
import { stackEnv } from '../../../tests/support/stack.ts'
import { appendSql } from './documents.ts'
import { checkWritten, emptied, plain, plainTables, settled } from './written.ts'

let places: Places
beforeAll(async () => {
  places = await makePlaces(stackEnv())
  await plainTables(places)
})
afterAll(() => places.drop())
beforeEach(async () => {
  await emptied(places, plain)
  await query(
    places.ownerUrl,
    `INSERT INTO ${plain.users} (id, first_name, last_name, email, email_key, version, created_at, updated_at)
SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Ada', 'Lovelace', 'u-' || n || '@bench.example',
  'u-' || n || '@bench.example', 1, now(), now() FROM generate_series(0, 9) n;${appendSql(0, 10, plain.outbox)}`,
  )
})
const change = (sql: string) => query(places.ownerUrl, sql)
const check = (least = 10, most = 10) => checkWritten(places, plain, { least, most })

describe('users and their events', () => {
  test('are complete where each has the other, within what was acknowledged and sent', async () => {
    expect(await settled(places, plain)).toBe(10)
    await check()
    await check(7, 12)
  })
  test('have no figure where an event is missing or one too many', async () => {
    await change(`DELETE FROM ${plain.outbox} WHERE seq = (SELECT min(seq) FROM ${plain.outbox})`)
    await expect(check()).rejects.toThrow('10 users, 9 events')
    await change(appendSql(20, 21, plain.outbox))
    await expect(check()).rejects.toThrow("10 users, 10 events, 9 of them each other's")
  })
  test('nor where an event says something else', async () => {
    await change(`UPDATE ${plain.users} SET email = 'other' WHERE email = 'u-3@bench.example'`)
    await expect(check()).rejects.toThrow("9 of them each other's")
  })
  test('nor where one was acknowledged and is not there, or was never sent', async () => {
    await expect(check(11, 12)).rejects.toThrow('11 writes were acknowledged')
    await expect(check(5, 9)).rejects.toThrow('10 are there')
  })
})
