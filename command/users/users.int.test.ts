import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createConsistencyTokens } from '../../shared/process/consistency-tokens.ts'
import { commonSettings } from '../../shared/process/common-settings.ts'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../tests/support/command-side.ts'

let database: MigratedDatabase
let side: RunningCommandSide
beforeAll(async () => {
  database = await migratedDatabase()
  side = await startCommandSide(database.commandUrl, { QUERY_PUBLIC_URL: 'https://read.example/' })
})
afterAll(async () => {
  await side.stop()
  await database.close()
})

const written = async (answer: { headers: Headers }) =>
  createConsistencyTokens(commonSettings.TOKEN_SECRET.default!).read(
    answer.headers.get('consistency-token') ?? 'none',
  )
const ada = { first_name: ' Ada ', last_name: 'Lovelace', email: 'Ada@Example.com' }
const eventsOf = (id: string) =>
  database.sql`SELECT type, version, payload, headers FROM outbox WHERE aggregateid = ${id} ORDER BY seq`

describe('users over HTTP', () => {
  test('created, replaced and deleted, each with its event', async () => {
    const created = await side.call('POST', '/users', ada)
    expect(created.status).toBe(201)
    const { id } = created.body
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(created.headers.get('location')).toBe(`https://read.example/users/${id}`)
    expect(created.headers.get('etag')).toBe('"1"')
    expect(await written(created)).toEqual({ id, version: 1 })
    expect(created.body).toMatchObject({ first_name: 'Ada', email: 'Ada@Example.com', version: 1 })
    expect(Date.parse(created.body.created_at)).toBeGreaterThan(0)

    const king = { ...ada, last_name: 'King' }
    const replaced = await side.call('PUT', `/users/${id.toUpperCase()}`, king)
    expect(replaced.status).toBe(200)
    expect(replaced.headers.get('etag')).toBe('"2"')
    expect(await written(replaced)).toEqual({ id, version: 2 })
    expect(replaced.body).toMatchObject({
      id,
      last_name: 'King',
      version: 2,
      created_at: created.body.created_at,
    })
    const unchanged = await side.call('PUT', `/users/${id}`, king)
    expect([unchanged.status, unchanged.body]).toEqual([200, replaced.body])
    expect(await written(unchanged)).toEqual({ id, version: 2 })

    const deleted = await side.call('DELETE', `/users/${id}`)
    expect([deleted.status, await written(deleted)]).toEqual([204, { id, version: 3 }])
    const gone = await side.call('DELETE', `/users/${id}`)
    expect([gone.status, gone.headers.has('consistency-token')]).toEqual([404, false])
    expect((await side.call('PUT', `/users/${id}`, king)).status).toBe(404)

    const events = await eventsOf(id)
    expect(events.map((event: { type: string; version: number }) => [event.type, event.version])).toEqual([
      ['users.user.created.v2', 1],
      ['users.user.updated.v2', 2],
      ['users.user.deleted.v2', 3],
    ])
    const { version: _, ...state } = created.body
    expect(events[0].payload).toEqual({ ...state, changed: ['first_name', 'last_name', 'email'] })
    expect(events[1].payload.changed).toEqual(['last_name'])
    expect(events[2].payload).toEqual({ id, changed: [] })
    expect(events[0].headers).toMatchObject({ requestid: created.headers.get('x-request-id') })
    expect(await database.sql`SELECT 1 FROM users WHERE id = ${id}`).toHaveLength(0)
  })

  test('a patch changes what it names', async () => {
    const { id } = (await side.call('POST', '/users', { ...ada, email: 'patch@example.com' })).body
    const patch = (body: unknown, headers: Record<string, string> = {}) =>
      side.call('PATCH', `/users/${id}`, body, { 'content-type': 'application/merge-patch+json', ...headers })
    const changed = await patch({ last_name: ' Byron ' }, { 'if-match': '"1"' })
    expect([changed.status, changed.headers.get('etag'), changed.body]).toMatchObject([
      200,
      '"2"',
      { first_name: 'Ada', last_name: 'Byron', email: 'patch@example.com' },
    ])
    expect(await written(changed)).toEqual({ id, version: 2 })
    for (const same of [{}, { last_name: 'Byron' }, { first_name: 'Ada', email: 'patch@example.com' }])
      expect(await patch(same)).toMatchObject({ status: 200, body: changed.body })
    for (const [body, pointer] of [
      [{ email: null }, '/email'],
      [{ nick_name: 'A' }, '/nick_name'],
      [{ id }, '/id'],
      [{ version: 7 }, '/version'],
      [{ first_name: '' }, '/first_name'],
      [{ first_name: ['A'] }, '/first_name'],
      [null, '/'],
      [[], '/'],
      ['Ada', '/'],
    ] as const) {
      const answer = await patch(body)
      expect([body, answer.status, answer.body.errors?.[0]?.pointer]).toEqual([body, 422, pointer])
    }
    expect((await patch({ email: null })).body.errors[0].detail).toBe('must not be null')
    expect((await patch({ last_name: 'x' }, { 'if-match': '"1"' })).status).toBe(412)
    const taken = (await side.call('POST', '/users', { ...ada, email: 'taken@example.com' })).body.email
    expect((await patch({ email: taken.toUpperCase() })).status).toBe(409)
    const events = await eventsOf(id)
    expect(events.map(({ version }: { version: number }) => version)).toEqual([1, 2])
    expect(events[1].payload).toMatchObject({ first_name: 'Ada', last_name: 'Byron' })
    await side.call('DELETE', `/users/${id}`)
    expect((await patch({ last_name: 'x' })).status).toBe(404)
  })

  test('each method takes its own media type, and says which', async () => {
    const id = Bun.randomUUIDv7()
    const send = (method: string, path: string, type: string) =>
      side.call(method, path, {}, { 'content-type': type })
    const asJson = await send('PATCH', `/users/${id}`, 'application/json')
    expect([asJson.status, asJson.headers.get('accept-patch'), asJson.headers.get('accept')]).toEqual([
      415,
      'application/merge-patch+json',
      'application/merge-patch+json',
    ])
    const asPatch = await send('PUT', `/users/${id}`, 'application/merge-patch+json')
    expect([asPatch.status, asPatch.headers.get('accept-patch'), asPatch.headers.get('accept')]).toEqual([
      415,
      null,
      'application/json',
    ])
    const options = await side.call('OPTIONS', `/users/${id}`)
    expect([options.status, options.headers.get('allow'), options.headers.get('accept-patch')]).toEqual([
      204,
      'DELETE, OPTIONS, PATCH, PUT',
      'application/merge-patch+json',
    ])
    expect((await side.call('OPTIONS', '/nothing')).status).toBe(404)
    const wrong = await side.call('POST', `/users/${id}`, {})
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'DELETE, OPTIONS, PATCH, PUT'])
  })

  test('an e-mail is taken whatever its case, and free after a delete', async () => {
    const first = await side.call('POST', '/users', { ...ada, email: 'one@example.com' })
    const second = await side.call('POST', '/users', { ...ada, email: 'ONE@example.com' })
    expect([second.status, second.body.type]).toEqual([409, '/problems/duplicate'])
    expect(second.body.errors).toEqual([{ pointer: '/email', detail: 'is taken already' }])
    await side.call('DELETE', `/users/${first.body.id}`)
    expect((await side.call('POST', '/users', { ...ada, email: 'one@EXAMPLE.com' })).status).toBe(201)
  })

  test('invalid input is 422 with each field, and stores nothing', async () => {
    const before = await database.sql`SELECT count(*)::int AS n FROM outbox`
    const bad = [
      [{ ...ada, email: 'nobody' }, '/email'],
      [{ ...ada, first_name: '  ' }, '/first_name'],
      [{ ...ada, first_name: 'a\u0000b' }, '/first_name'],
      [{ ...ada, last_name: 'x\ud800' }, '/last_name'],
      [{ ...ada, last_name: 'x'.repeat(101) }, '/last_name'],
      [{ ...ada, id: '01890a5d-ac96-774b-bcce-b302099a8057' }, '/id'],
      [{ first_name: 'Ada', email: 'a@example.com' }, '/last_name'],
    ] as const
    for (const [body, pointer] of bad) {
      const answer = await side.call('POST', '/users', body)
      expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, pointer])
    }
    expect((await side.call('PUT', '/users/nonsense', ada)).status).toBe(422)
    expect(await database.sql`SELECT count(*)::int AS n FROM outbox`).toEqual(before)
  })

  test('every field survives SQL metacharacters and several scripts', async () => {
    const strange = { first_name: `Zoë '"\\;--?:x`, last_name: "O'Neil 𝒳 李 عربى", email: "o'neil+?@例え.jp" }
    const { status, body } = await side.call('POST', '/users', strange)
    expect([status, body]).toMatchObject([201, strange])
    const [row] = await database.sql`SELECT first_name, last_name, email FROM users WHERE id = ${body.id}`
    expect(row).toEqual(strange)
    expect((await eventsOf(body.id))[0].payload).toMatchObject(strange)
  })
})
