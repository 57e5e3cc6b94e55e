import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../tests/support/command-side.ts'

let database: MigratedDatabase
let [side, other, strict]: RunningCommandSide[] = []
beforeAll(async () => {
  database = await migratedDatabase()
  side = await startCommandSide(database.commandUrl)
  other = await startCommandSide(database.commandUrl)
  strict = await startCommandSide(database.commandUrl, { IF_MATCH_REQUIRED: '1' })
})
afterAll(async () => {
  await Promise.all([side!.stop(), other!.stop(), strict!.stop()])
  await database.close()
})

const person = (last_name = 'Lovelace') => ({
  first_name: 'Ada',
  last_name,
  email: `${Bun.randomUUIDv7()}@example.com`,
})
const newUser = async () => (await side!.call('POST', '/users', person())).body.id as string
const put = (
  at: RunningCommandSide | undefined,
  id: string,
  ifMatch: string,
  more: Record<string, string> = {},
) => at!.call('PUT', `/users/${id}`, person('King'), { 'if-match': ifMatch, ...more })
const versionsOf = async (id: string) => {
  const rows = await database.sql`SELECT version FROM outbox WHERE aggregateid = ${id} ORDER BY seq`
  return rows.map(({ version }: { version: number }) => version)
}

describe('If-Match', () => {
  test('lets one change of what was read through, and tells the next what there is now', async () => {
    const id = await newUser()
    expect((await put(side, id, '"1"')).headers.get('etag')).toBe('"2"')
    const late = await put(other, id, '"1"')
    expect([late.status, late.body.type, late.headers.get('etag')]).toEqual([
      412,
      '/problems/precondition-failed',
      '"2"',
    ])
    expect(late.headers.has('consistency-token')).toBe(false)
    expect((await put(side, id, '"1", "2"')).status).toBe(200)
    expect((await put(side, id, '*')).status).toBe(200)
    for (const never of ['W/"4"', '4', '"04"', '"four"', ''])
      expect((await put(side, id, never)).status).toBe(412)
    const removed = await side!.call('DELETE', `/users/${id}`, undefined, { 'if-match': '"3"' })
    expect([removed.status, await versionsOf(id)]).toEqual([412, [1, 2, 3, 4]])
    expect((await side!.call('DELETE', `/users/${id}`, undefined, { 'if-match': '"4"' })).status).toBe(204)
    expect((await put(side, id, '*')).status).toBe(404)
    expect((await put(side, id, '"5"')).status).toBe(404)
  })

  test('means nothing to a POST', async () => {
    expect((await side!.call('POST', '/users', person(), { 'if-match': '"7"' })).status).toBe(201)
  })

  test('of fifty changes of one version through two processes one is carried out', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await newUser()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => put(index % 2 ? side : other, id, '"1"')),
      )
      const count = (status: number) => answers.filter((answer) => answer.status === status).length
      expect([count(200), count(412), await versionsOf(id)]).toEqual([1, 49, [1, 2]])
      const told = answers.filter(({ status }) => status === 412).map(({ headers }) => headers.get('etag'))
      expect(new Set(told)).toEqual(new Set(['"2"']))
    }
  })

  test('is part of what an Idempotency-Key stands for, and its refusal is kept', async () => {
    const id = await newUser()
    const key = { 'idempotency-key': crypto.randomUUID() }
    const body = person('Byron')
    const send = (ifMatch?: string) =>
      side!.call('PUT', `/users/${id}`, body, { ...key, ...(ifMatch && { 'if-match': ifMatch }) })
    const refused = await send('"2"')
    expect(refused.status).toBe(412)
    expect((await put(side, id, '"1"')).status).toBe(200)
    // It would pass by now; the repeat is told what the first was told.
    const repeated = await send('"2"')
    expect(repeated.headers.get('idempotency-replayed')).toBe('true')
    expect([repeated.status, repeated.headers.get('etag'), repeated.body]).toEqual([412, '"1"', refused.body])
    for (const another of ['"3"', '*', undefined]) expect((await send(another)).status).toBe(422)
    expect(await versionsOf(id)).toEqual([1, 2])
  })

  test('is asked for where the service is set up so, of what changes and of nothing else', async () => {
    const created = await strict!.call('POST', '/users', person())
    expect(created.status).toBe(201)
    const path = `/users/${created.body.id}`
    const blind = await strict!.call('PUT', path, person())
    expect([blind.status, blind.body.type]).toEqual([428, '/problems/precondition-required'])
    expect((await strict!.call('DELETE', path)).status).toBe(428)
    expect((await put(strict, created.body.id, '*')).status).toBe(200)
    expect((await strict!.call('DELETE', path, undefined, { 'if-match': '"2"' })).status).toBe(204)
  })
})
