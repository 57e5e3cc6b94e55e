import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { SQL } from 'bun'
import { bodyBytesMaxDefault } from '../../shared/http/body.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

let system: RunningSystem
let sql: SQL
beforeAll(async () => {
  system = await startSystem()
  sql = new SQL(system.env['POSTGRES_OWNER_URL']!, { max: 2 })
}, 60_000)
afterAll(async () => {
  await sql.close()
  await system.stop()
})

const json = { 'content-type': 'application/json' }
let people = 0
const person = (more = {}) => ({
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: `person-${++people}@example.com`,
  ...more,
})

async function send(method: string, path: string, text: string, headers: Record<string, string> = json) {
  const response = await fetch(`${system.command.url}${path}`, { method, headers, body: text })
  const answer = await response.text()
  return { status: response.status, body: answer ? JSON.parse(answer) : undefined }
}
const create = (body: object) => send('POST', '/users', JSON.stringify(body))
const counts = async () => {
  const [row] =
    await sql`SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM outbox) AS events`
  return { users: Number(row.users), events: Number(row.events) }
}
const residentMb = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024

describe('S1 mass assignment', () => {
  const extras = [
    '"id":"01890a5d-ac96-774b-bcce-b302099a8057"',
    '"version":7',
    '"created_at":"2020-01-01T00:00:00.000Z"',
    '"updated_at":"2020-01-01T00:00:00.000Z"',
    '"email_key":"x"',
    '"actor":"admin"',
    '"__proto__":{"version":7}',
    '"constructor":{"prototype":{"version":7}}',
    '"prototype":{}',
  ]
  for (const extra of extras)
    test(`${extra} is refused by POST, PUT and PATCH, and is nowhere`, async () => {
      const made = await create(person())
      const before = await counts()
      const assigned = JSON.stringify(person()).replace(/}$/, `,${extra}}`)
      const patch = { 'content-type': 'application/merge-patch+json' }
      for (const answer of [
        await send('POST', '/users', assigned),
        await send('PUT', `/users/${made.body.id}`, assigned),
        await send('PATCH', `/users/${made.body.id}`, `{${extra}}`, patch),
      ]) {
        expect(answer.status).toBe(422)
        expect(answer.body.errors[0].detail).toBe('is not known here')
      }
      expect(await counts()).toEqual(before)
      const [row] = await sql`SELECT version FROM users WHERE id = ${made.body.id}`
      expect(row.version).toBe(1)
      expect(Object.keys((await create(person())).body).toSorted()).toEqual([
        'created_at',
        'email',
        'first_name',
        'id',
        'last_name',
        'updated_at',
        'version',
      ])
    })
})

describe('S2 operators of the store', () => {
  test('in a body are no texts', async () => {
    for (const value of [{ $gt: '' }, { $ne: null }, ['a'], { $where: 'while (true) {}' }])
      expect((await create(person({ first_name: value }))).status).toBe(422)
  })
  test('in a query string find nobody', async () => {
    await create(person())
    const listed = async (query: string) => {
      const answer = await system.query.get(`/users?${query}`)
      return answer.status === 200 ? answer.body.items.length : answer.status
    }
    await waitFor(async () => (await listed('limit=1')) === 1, {
      timeoutMs: 15_000,
      what: 'a user to be read',
    })
    for (const value of ['{"$ne":null}', '{"$gt":""}', '[$regex]=.*', '.*', '^', '$where', "' || '1'=='1"]) {
      const text = encodeURIComponent(value)
      for (const query of [`email=${text}`, `last_name_prefix=${text}`, `cursor=${text}`])
        expect([0, 400, 422]).toContain(await listed(query))
    }
    for (const query of ['email[$ne]=x', 'email[]=x', 'email.$ne=x', '$where=1', 'email[%24gt]='])
      expect(await listed(query)).toBe(422)
  })
})

describe('S3 what databases take amiss', () => {
  const harmless = [
    `Robert'); DROP TABLE users; --`,
    `' OR '1'='1`,
    `"; DELETE FROM outbox; --`,
    `$$; SELECT pg_sleep(9); $$`,
    `\\'; --`,
    `%s %d {0} \${x} $1 ?`,
    `E'\\x41'`,
  ]
  for (const field of ['first_name', 'last_name'])
    test(`${field}: metacharacters are text like any other`, async () => {
      for (const value of harmless) {
        const answer = await create(person({ [field]: value }))
        expect([answer.status, answer.body[field]]).toEqual([201, value])
        const [row] = await sql.unsafe(`SELECT ${field} AS value FROM users WHERE id = $1`, [answer.body.id])
        expect(row.value).toBe(value)
      }
    })
  for (const field of ['first_name', 'last_name', 'email'])
    test(`${field}: NUL, lone surrogates and control characters are refused`, async () => {
      for (const escape of ['\\u0000', '\\ud800', '\\udfff', '\\ud83dx', '\\u0007', '\\u007f', '\\u0085']) {
        const text = JSON.stringify(person({ [field]: 'VALUE' })).replace('VALUE', `a${escape}b@example.com`)
        const answer = await send('POST', '/users', text)
        expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, `/${field}`])
      }
    })
  test('ids and e-mails are held to their form', async () => {
    for (const email of [`a'b--@x`, `x@y;DROP TABLE users`, `"@"`])
      expect((await create(person({ email }))).status).toBe(422)
    for (const id of [`1' OR '1'='1`, '%00', '..%2f..%2fetc', '%27'])
      expect((await send('PUT', `/users/${id}`, JSON.stringify(person()))).status).toBe(422)
  })
})

describe('S4 the body limit', () => {
  const sized = (bytes: number) => {
    const text = JSON.stringify(person())
    return `${text.slice(0, -1)}${' '.repeat(bytes - text.length)}}`
  }
  const chunked = (text: string): Promise<Response> =>
    fetch(`${system.command.url}/users`, {
      method: 'POST',
      headers: json,
      body: new ReadableStream({
        start(controller) {
          for (let at = 0; at < text.length; at += 10_000)
            controller.enqueue(new TextEncoder().encode(text.slice(at, at + 10_000)))
          controller.close()
        },
      }),
    })

  test('is met to the byte, announced or chunked', async () => {
    expect((await send('POST', '/users', sized(bodyBytesMaxDefault))).status).toBe(201)
    expect((await send('POST', '/users', sized(bodyBytesMaxDefault + 1))).status).toBe(413)
    expect((await chunked(sized(bodyBytesMaxDefault))).status).toBe(201)
    const over = await chunked(sized(bodyBytesMaxDefault + 1))
    expect([over.status, ((await over.json()) as { type: string }).type]).toEqual([
      413,
      '/problems/content-too-large',
    ])
  })
})

describe('S5 bodies that are made to hurt', () => {
  const bodies: Record<string, string> = {
    'nested arrays': '['.repeat(60_000),
    'nested arrays, closed': '['.repeat(30_000) + ']'.repeat(30_000),
    'nested objects': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
    'nested in a field': `{"first_name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    'a million keys': `{${Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
    'as many keys as fit': `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
    'one key many times': `{${'"first_name":"a",'.repeat(3_000)}"last_name":"b"}`,
    'a number of 60,000 digits': `{"first_name":${'9'.repeat(60_000)}}`,
  }
  test('are refused, and leave memory as it was', async () => {
    const once = async () => {
      for (const text of Object.values(bodies))
        expect([400, 413, 422]).toContain((await send('POST', '/users', text)).status)
    }
    // What it takes at first stays with it.
    for (let round = 0; round < 5; round++) await once()
    const before = residentMb(system.command.pid)
    for (let round = 0; round < 15; round++) await once()
    expect(residentMb(system.command.pid) - before).toBeLessThan(64)
    expect((await create(person())).status).toBe(201)
  }, 60_000)
})

test('S8 JSON by another name is 415, and nothing is written', async () => {
  const before = await counts()
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']
  for (const type of [...types, 'text/json', 'application/json; charset=utf-16', 'application/jsonx'])
    expect((await send('POST', '/users', JSON.stringify(person()), { 'content-type': type })).status).toBe(
      415,
    )
  const encoded = { ...json, 'content-encoding': 'gzip' }
  expect((await send('POST', '/users', JSON.stringify(person()), encoded)).status).toBe(415)
  expect(await counts()).toEqual(before)
})
