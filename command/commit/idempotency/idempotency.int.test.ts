import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../../tests/support/command-side.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import type { Command, DecidedResult } from '../command.ts'

let database: MigratedDatabase
let [side, other]: RunningCommandSide[] = []
/** A session of somebody else, as the owner. */
let foreign: SQL
beforeAll(async () => {
  database = await migratedDatabase()
  side = await startCommandSide(database.commandUrl)
  other = await startCommandSide(database.commandUrl)
  foreign = new SQL(database.ownerUrl, { max: 1 })
})
afterAll(async () => {
  await Promise.all([side!.stop(), other!.stop()])
  await foreign.close()
  await database.close()
})
afterEach(async () => {
  await foreign.unsafe('ROLLBACK')
})

const person = (more: object = {}) => ({
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: `${Bun.randomUUIDv7()}@example.com`,
  ...more,
})
const send = (at: RunningCommandSide, key: string | undefined, method: string, path: string, body?: object) =>
  at.call(method, path, body, key === undefined ? {} : { 'idempotency-key': key })
const newKey = () => crypto.randomUUID()
type Answer = Awaited<ReturnType<typeof send>>
/** All that a client can see of an answer, but for what is each request's own. */
const seen = ({ status, headers, body }: Answer) => {
  const own = ['x-request-id', 'idempotency-replayed', 'vary']
  return { status, body, headers: [...headers].filter(([name]) => !own.includes(name)).sort() }
}
const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true'
const eventsOf = async (id: string) =>
  (await database.sql`SELECT version FROM outbox WHERE aggregateid = ${id}`).length

describe('a repeat', () => {
  test('of each kind of write gets the same answer, and nothing happens again', async () => {
    const ada = person()
    const twice = async (method: string, path: string, body?: object) => {
      const key = newKey()
      const first = await send(side!, key, method, path, body)
      const second = await send(other!, `"${key}"`, method, path, body)
      expect([isReplay(first), isReplay(second)]).toEqual([false, true])
      expect(seen(second)).toEqual(seen(first))
      return first
    }
    const created = await twice('POST', '/users', ada)
    const path = `/users/${created.body.id}`
    expect(created.headers.get('location')).toEndWith(path)
    const king = { ...ada, last_name: 'King' }
    expect((await twice('POST', '/users', ada)).status).toBe(409)
    expect((await twice('PUT', path, king)).headers.get('etag')).toBe('"2"')
    expect((await twice('PUT', path, king)).body.version).toBe(2)
    expect((await twice('DELETE', path)).status).toBe(204)
    expect((await twice('DELETE', path)).status).toBe(404)
    expect((await twice('PUT', path, ada)).status).toBe(404)
    expect(await eventsOf(created.body.id)).toBe(3)
  })
  test('is known by what it says, not by how it is written', async () => {
    const [key, ada] = [newKey(), person()]
    const first = await send(side!, key, 'POST', '/users', ada)
    const turned = Object.fromEntries(Object.entries(ada).toReversed())
    expect(seen(await send(side!, key, 'POST', '/users', turned))).toEqual(seen(first))
    const path = `/users/${first.body.id}`
    await send(side!, key, 'DELETE', path)
    expect(isReplay(await send(side!, key, 'DELETE', path.toUpperCase().replace('USERS', 'users')))).toBe(
      true,
    )
  })
  test('after a restart gets the same answer, even where today’s would be another', async () => {
    const [key, ada] = [newKey(), person()]
    const first = await send(side!, key, 'POST', '/users', ada)
    const restarted = await startCommandSide(database.commandUrl, {
      QUERY_PUBLIC_URL: 'https://moved.example',
    })
    expect(seen(await send(restarted, key, 'POST', '/users', ada))).toEqual(seen(first))
    await restarted.stop()
  })
  test('with another body is 422, and with another method or on another resource a request of its own', async () => {
    const [key, ada] = [newKey(), person()]
    const { body: one } = await send(side!, key, 'POST', '/users', ada)
    const { body: two } = await send(side!, newKey(), 'POST', '/users', person())
    const reused = await send(side!, key, 'POST', '/users', person())
    expect([reused.status, reused.body.type]).toEqual([422, '/problems/idempotency-key-reused'])
    for (const { id } of [one, two]) {
      expect((await send(side!, key, 'PUT', `/users/${id}`, person())).status).toBe(200)
      expect((await send(side!, key, 'DELETE', `/users/${id}`)).status).toBe(204)
    }
  })
  test('of what was invalid is carried out once it was mended', async () => {
    const key = newKey()
    expect((await send(side!, key, 'POST', '/users', person({ email: 'none' }))).status).toBe(422)
    expect((await send(side!, key, 'POST', '/users', person())).status).toBe(201)
  })
  test('long after is a new request', async () => {
    const [key, ada] = [newKey(), person()]
    const { body } = await send(side!, key, 'POST', '/users', ada)
    await database.sql`UPDATE idempotency_keys SET expires_at = clock_timestamp() - interval '1 second'
      WHERE answer -> 'body' ->> 'id' = ${body.id}`
    const late = await send(side!, key, 'POST', '/users', ada)
    expect([late.status, isReplay(late)]).toEqual([409, false])
    expect(isReplay(await send(side!, key, 'POST', '/users', ada))).toBe(true)
  })
})

test('a malformed key is 400, and so is a missing one where it has to be there', async () => {
  const strict = await startCommandSide(database.commandUrl, { IDEMPOTENCY_KEY_REQUIRED: '1' })
  const types = [
    await send(side!, 'two words', 'POST', '/users', person()),
    await send(strict, undefined, 'POST', '/users', person()),
    await send(strict, newKey(), 'POST', '/users', person()),
  ].map(({ status, body }) => [status, body.type])
  await strict.stop()
  expect(types).toEqual([
    [400, '/problems/idempotency-key-malformed'],
    [400, '/problems/idempotency-key-missing'],
    [201, undefined],
  ])
})

describe('while the first is running', () => {
  test('in the same process a repeat is 409 at once, and gets the answer later', async () => {
    const { body } = await send(side!, undefined, 'POST', '/users', person())
    const [key, path, king] = [newKey(), `/users/${body.id}`, person()]
    await foreign.unsafe(`BEGIN; SELECT 1 FROM users WHERE id = '${body.id}' FOR UPDATE`)
    const first = send(side!, key, 'PUT', path, king)
    const repeat = await send(side!, key, 'PUT', path, king)
    expect([repeat.status, repeat.body.type]).toEqual([409, '/problems/idempotency-key-in-use'])
    expect(repeat.headers.get('retry-after')).toBe('1')
    expect((await send(side!, key, 'PUT', path, person())).status).toBe(422)
    await foreign.unsafe('COMMIT')
    expect((await first).status).toBe(200)
    const later = await send(side!, key, 'PUT', path, king)
    expect([isReplay(later), seen(later)]).toEqual([true, seen(await first)])
  })
  test('in another process a repeat waits for it, and nobody else does', async () => {
    const [key, ada] = [newKey(), person()]
    const [id, at] = [Bun.randomUUIDv7(), 'now()']
    await foreign.unsafe(
      `BEGIN; INSERT INTO users VALUES ('${id}', 'A', 'B', '${ada.email}', '${ada.email}', 1, ${at}, ${at})`,
    )
    // Its transaction, with the key, waits at the e-mail.
    const first = send(side!, key, 'POST', '/users', ada)
    await waitFor(async () => (await waiting()) > 0, { timeoutMs: 1_500, what: 'the first to wait' })
    let settled = false
    const repeat = send(other!, key, 'POST', '/users', ada).finally(() => (settled = true))
    for (let round = 0; round < 20; round++)
      expect((await send(other!, newKey(), 'POST', '/users', person())).status).toBe(201)
    expect(settled).toBe(false)
    await foreign.unsafe('ROLLBACK')
    expect((await first).status).toBe(201)
    expect([isReplay(await repeat), seen(await repeat)]).toEqual([true, seen(await first)])
  })
})

test('two processes that get the same keys at once carry each out once', async () => {
  const keys = Array.from({ length: 200 }, () => ({ key: newKey(), ada: person() }))
  const answers = await Promise.all(
    keys.flatMap(({ key, ada }) => [side!, other!].map((at) => send(at, key, 'POST', '/users', ada))),
  )
  const pairs = keys.map((_, index) => answers.slice(2 * index, 2 * index + 2))
  for (const [one, two] of pairs) {
    expect(one!.status).toBe(201)
    expect(seen(two!)).toEqual(seen(one!))
    expect(isReplay(one!)).not.toBe(isReplay(two!))
  }
})

test('an e-mail that the database refuses at the last moment is 409 for ever', async () => {
  const [key, ada] = [newKey(), person()]
  const id = Bun.randomUUIDv7()
  await foreign.unsafe(
    `BEGIN; INSERT INTO users VALUES ('${id}', 'A', 'B', '${ada.email}', '${ada.email}', 1, now(), now())`,
  )
  const first = send(side!, key, 'POST', '/users', ada)
  await waitFor(async () => (await waiting()) > 0, { timeoutMs: 1_500, what: 'the first to wait' })
  await foreign.unsafe('COMMIT')
  expect((await first).status).toBe(409)
  await database.sql`DELETE FROM users WHERE id = ${id}`
  const repeat = await send(side!, key, 'POST', '/users', ada)
  expect([isReplay(repeat), seen(repeat)]).toEqual([true, seen(await first)])
})

describe('in one batch', () => {
  const answerOf = (result: DecidedResult) => ({ status: 200, headers: {}, body: result })
  const create = (key: string, input = person()): Command => ({
    aggregate: 'users',
    name: 'create',
    id: Bun.randomUUIDv7(),
    isNew: true,
    input,
    headers: {},
    idempotency: { key, method: 'POST', answerOf },
  })
  const run = (...commands: Command[]) =>
    Promise.all(commands.map((command) => side!.loop.execute(command).then(({ kind }) => kind)))

  test('one key many times is one effect', async () => {
    const [key, ada] = [newKey(), person()]
    const kinds = await run(
      ...Array.from({ length: 5 }, () => create(key, ada)),
      create(key),
      create(newKey()),
    )
    expect(kinds).toEqual([
      'stored',
      ...Array.from({ length: 4 }, () => 'replayed' as const),
      'key-reused',
      'stored',
    ])
    expect(await database.sql`SELECT 1 FROM users WHERE email = ${ada.email}`).toHaveLength(1)
  })
  test('more keys than one transaction may claim take two', async () => {
    const large = await startCommandSide(database.commandUrl, { COMMAND_BATCH_MAX: '2000' })
    const commands = Array.from({ length: 1_300 }, () => create(newKey()))
    const results = await Promise.all(commands.map((command) => large.loop.execute(command)))
    await large.stop()
    expect(results.every(({ kind }) => kind === 'stored')).toBe(true)
    const emails = commands.map(({ input }) => (input as { email: string }).email)
    const [{ transactions }] = await database.sql`
      SELECT count(DISTINCT xmin::text)::int AS transactions FROM users WHERE email IN ${database.sql(emails)}`
    expect(transactions).toBe(3)
  })
  test('what the database refuses is found by halves, and the others’ answers are kept', async () => {
    await database.sql`ALTER TABLE users ADD CONSTRAINT no_mallory CHECK (email NOT LIKE 'mallory%')`
    const commands = Array.from({ length: 8 }, (_, n) =>
      create(newKey(), person(n === 5 ? { email: 'mallory@example.com' } : {})),
    )
    const firsts = await run(...commands)
    await database.sql`ALTER TABLE users DROP CONSTRAINT no_mallory`
    expect(firsts.map((kind) => kind === 'stored')).toEqual(commands.map((_, n) => n !== 5))
    // Invalid was not kept: it is carried out now.
    const repeats = await run(
      ...commands.map(({ idempotency, input }) => create(idempotency!.key, input as never)),
    )
    expect(repeats).toEqual(commands.map((_, n) => (n === 5 ? 'stored' : 'replayed')))
  })
})

test('no key and no personal data is in the table’s keys, and its rights are the least', async () => {
  const [key, ada] = [`of-${person().email}`, person()]
  await send(side!, key, 'POST', '/users', ada)
  const rows = await database.sql`SELECT id::text, payload::text FROM idempotency_keys`
  expect(JSON.stringify(rows)).not.toContain('@')
  const rights = await database.sql`SELECT privilege_type AS right FROM information_schema.role_table_grants
    WHERE table_name = 'idempotency_keys' AND grantee = 'command' ORDER BY 1`
  expect(rights.map(({ right }: { right: string }) => right)).toEqual(['DELETE', 'INSERT', 'SELECT'])
})

async function waiting(): Promise<number> {
  const rows = await database.sql`SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`
  return rows.length
}
