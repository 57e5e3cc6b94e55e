import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fold } from '../projector/fold.ts'
import { makeIndexes } from '../projector/indexes.ts'
import { settingsOf } from '../projector/model-settings.ts'
import { prepare } from '../projector/prepare.ts'
import { createStoreWriter } from '../projector/store-writer.ts'
import { readModels } from '../read-models.ts'
import { createHealth } from '../../shared/process/health.ts'
import { encodeEnvelope } from '../../shared/events/envelope.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { createMongoUrl, dropMongo } from '../../tests/support/stack.ts'
import { createQueryApp } from '../app.ts'
import { createDatabase, type Database } from '../database.ts'
import { usersHistory } from './users-history.ts'

const url = createMongoUrl()
const eraseAfterS = 3_600
let database: Database
let get: (path: string) => Promise<{ status: number; headers: Headers; body: any }>

beforeAll(async () => {
  database = createDatabase({ url, readModels, poolMax: 10, timeoutMs: 3_000, log: silentLogger })
  await makeIndexes({ readModels, collectionOf: database.collectionOf })
  const app = createQueryApp({
    collectionOf: database.collectionOf,
    timeoutMs: 3_000,
    publicUrl: 'http://query.test',
    settings: { HISTORY_ERASE_AFTER_S: eraseAfterS },
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
  })
  get = async (path) => {
    const response = await app.handle(new Request(`http://query.test${path}`))
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined }
  }
})
afterAll(async () => {
  await database.stop()
  await dropMongo(url)
})

const nowMs = Date.now()
/** So many seconds ago. */
const ago = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString()

interface Told {
  readonly kind: 'created' | 'updated' | 'deleted' | 'snapshot'
  readonly version: number
  readonly at: string
  readonly last_name?: string
  readonly changed?: readonly string[] | null
  readonly actor?: string
  /** Of the data; by default `at`. */
  readonly updated_at?: string
}

/** Puts what the events say where the projector would put it, in this order. */
async function tell(id: string, ...events: Told[]): Promise<void> {
  for (const event of events) await tellAtOnce(id, event)
}

async function tellAtOnce(id: string, ...events: Told[]): Promise<void> {
  const changes = events.map((told) => {
    const { kind, version, at, last_name = `V${version}`, changed = null, actor, updated_at = at } = told
    const state = {
      first_name: 'Ada',
      last_name,
      email: 'ada@example.com',
      created_at: ago(10_000),
      updated_at,
    }
    const body = encodeEnvelope({
      seq: version,
      id: `${id}/${version}`,
      aggregatetype: 'users',
      aggregateid: id,
      type: `users.user.${kind}.v2`,
      version,
      payload: JSON.stringify({ id, ...(kind === 'deleted' ? {} : state), changed }),
      headers: JSON.stringify(actor ? { actor } : {}),
      occurred_at: at,
    })
    const message = { deliveryTag: 1, properties: {}, body: new TextEncoder().encode(body) }
    const prepared = prepare(usersHistory, message)
    if (prepared.kind !== 'event') throw new Error('an event was expected')
    return prepared.change
  })
  await createStoreWriter(database.collectionOf).write(usersHistory.collection, fold(changes))
}

const newId = () => Bun.randomUUIDv7()
const versions = (items: { version: number }[]) => items.map(({ version }) => version)

describe('a user from creation to delete', () => {
  const id = newId()
  beforeAll(() =>
    tell(
      id,
      { kind: 'created', version: 1, at: ago(3_000), changed: ['first_name', 'last_name', 'email'] },
      { kind: 'updated', version: 2, at: ago(2_000), changed: ['last_name'], actor: 'user:7' },
      { kind: 'deleted', version: 3, at: ago(1_000), changed: [], actor: 'user:8' },
    ),
  )

  test('its history says who changed what and when, the newest first, and outlives it', async () => {
    const { status, body } = await get(`/users/${id.toUpperCase()}/history`)
    const state = { first_name: 'Ada', email: 'ada@example.com', created_at: ago(10_000) }
    expect([status, body]).toEqual([
      200,
      {
        items: [
          { version: 3, type: 'deleted', at: ago(1_000), by: 'user:8', changed: [] },
          {
            version: 2,
            type: 'updated',
            at: ago(2_000),
            by: 'user:7',
            changed: ['last_name'],
            ...state,
            last_name: 'V2',
            updated_at: ago(2_000),
          },
          {
            version: 1,
            type: 'created',
            at: ago(3_000),
            by: null,
            changed: ['first_name', 'last_name', 'email'],
            ...state,
            last_name: 'V1',
            updated_at: ago(3_000),
          },
        ],
        next_cursor: null,
      },
    ])
  })
  test('page by page, whatever is written meanwhile, with cursors of this user alone', async () => {
    const other = newId()
    await tell(
      other,
      { kind: 'created', version: 1, at: ago(10) },
      { kind: 'updated', version: 2, at: ago(9) },
    )
    const first = await get(`/users/${other}/history?limit=1`)
    await tell(other, { kind: 'updated', version: 3, at: ago(8) })
    const second = await get(`/users/${other}/history?limit=1&cursor=${first.body.next_cursor}`)
    expect([versions(first.body.items), versions(second.body.items), second.body.next_cursor]).toEqual([
      [2],
      [1],
      null,
    ])
    expect(first.headers.get('link')).toContain(`/users/${other}/history?limit=1&cursor=`)
    const foreign = await get(`/users/${id}/history?cursor=${first.body.next_cursor}`)
    expect([foreign.status, foreign.body.type]).toEqual([400, '/problems/bad-cursor'])
  })
  const instants: [string, number, unknown][] = [
    ['before it was created', 3_001, 404],
    ['at its creation', 3_000, [1, 'V1']],
    ['a moment before its change', 2_001, [1, 'V1']],
    ['at its change', 2_000, [2, 'V2']],
    ['a moment before its delete', 1_001, [2, 'V2']],
    ['at its delete', 1_000, 404],
    ['now', 0, 404],
  ]
  test.each(instants)('as of %s', async (_, seconds, expected) => {
    const { status, headers, body } = await get(`/users/${id}?as_of=${ago(seconds)}`)
    if (status !== 200) return expect(status).toBe(expected as number)
    expect(body).toEqual({
      id,
      first_name: 'Ada',
      last_name: body.last_name,
      email: 'ada@example.com',
      version: body.version,
      created_at: ago(10_000),
      updated_at: body.updated_at,
    })
    expect([body.version, body.last_name]).toEqual(expected as [number, string])
    expect(headers.get('etag')).toBe(`"${body.version}"`)
  })
  test('any offset of RFC 3339 means the same instant', async () => {
    const local = `${new Date(nowMs - 2_000_000 + 7_200_000).toISOString().slice(0, -1)}+02:00`
    const { body } = await get(`/users/${id}?as_of=${encodeURIComponent(local)}`)
    expect(body.version).toBe(2)
  })
  test('instants that are none, or have not come, are 422', async () => {
    const future = new Date(Date.now() + 60_000).toISOString()
    for (const wrong of [
      '',
      'yesterday',
      '2026-02-30T00:00:00Z',
      '2026-01-31',
      '2026-01-31T25:00:00Z',
      future,
    ]) {
      const { status, body } = await get(`/users/${id}?as_of=${encodeURIComponent(wrong)}`)
      expect([wrong, status, body.errors?.[0]?.pointer]).toEqual([wrong, 422, 'query:as_of'])
    }
    expect((await get(`/users/${id}?as_of=${ago(1)}&other=1`)).status).toBe(422)
  })
  test('of a user that never was there is nothing', async () => {
    expect((await get(`/users/${newId()}/history`)).status).toBe(404)
    expect((await get(`/users/${newId()}?as_of=${ago(0)}`)).status).toBe(404)
  })
})

describe('a history that does not reach back', () => {
  const id = newId()
  beforeAll(() =>
    tell(
      id,
      { kind: 'snapshot', version: 5, at: ago(1), updated_at: ago(500) },
      { kind: 'updated', version: 8, at: ago(100), changed: ['email'] },
    ),
  )
  test('begins with the state that was found', async () => {
    const { body } = await get(`/users/${id}/history`)
    expect(body.items[1]).toMatchObject({
      version: 5,
      type: 'snapshot',
      at: ago(500),
      by: null,
      changed: null,
    })
  })
  const instants: [string, number, number][] = [
    ['before its creation', 10_001, 404],
    ['before what is known', 600, 410],
    ['where versions are missing', 400, 410],
    ['the newest', 50, 200],
  ]
  test.each(instants)('as of %s', async (_, seconds, expected) => {
    const { status, body } = await get(`/users/${id}?as_of=${ago(seconds)}`)
    expect([status, body.type]).toEqual([status, status === 410 ? '/problems/gone' : body.type])
    expect(status).toBe(expected)
  })
})

test('a snapshot gives way to the event of its version, in whichever order and batch they come', async () => {
  const snapshot = { kind: 'snapshot', version: 2, at: ago(1), updated_at: ago(20) } as const
  const event = { kind: 'updated', version: 2, at: ago(20), changed: ['email'], actor: 'user:7' } as const
  for (const told of [
    (id: string) => tell(id, snapshot, event),
    (id: string) => tell(id, event, snapshot),
    (id: string) => tellAtOnce(id, snapshot, event),
    (id: string) => tellAtOnce(id, event, snapshot),
  ]) {
    const id = newId()
    await told(id)
    const { body } = await get(`/users/${id}/history`)
    expect(body.items).toMatchObject([{ version: 2, type: 'updated', changed: ['email'], by: 'user:7' }])
  }
})

describe('erasing', () => {
  const sweep = (now = new Date()) =>
    usersHistory.sweep!.run({
      collection: database.collectionOf(usersHistory.collection),
      now,
      settings: settingsOf(usersHistory, { HISTORY_ERASE_AFTER_S: eraseAfterS }),
      signal: new AbortController().signal,
    })
  const life = (deletedS: number): Told[] => [
    { kind: 'created', version: 1, at: ago(deletedS + 20), changed: ['email'], actor: 'user:7' },
    { kind: 'updated', version: 2, at: ago(deletedS + 10), changed: ['last_name'] },
    { kind: 'deleted', version: 3, at: ago(deletedS), changed: [] },
  ]
  const stored = (id: string) =>
    database
      .collectionOf<{ _id: string; [field: string]: unknown }>(usersHistory.collection)
      .find({ _id: { $gt: `${id}.`, $lt: `${id}/` } })
      .sort({ _id: 1 })
      .toArray()
  const expectErased = async (id: string) => {
    const { status, body } = await get(`/users/${id}/history`)
    expect([status, versions(body.items)]).toEqual([200, [3, 2, 1]])
    expect(body.items[2]).toEqual({
      version: 1,
      type: 'created',
      at: body.items[2].at,
      by: 'user:7',
      changed: ['email'],
      erased_at: expect.any(String),
    })
    const gone = await get(`/users/${id}?as_of=${encodeURIComponent(body.items[1].at)}`)
    expect([gone.status, gone.body.type]).toEqual([410, '/problems/gone'])
    const before = new Date(Date.parse(body.items[2].at) - 1).toISOString()
    expect((await get(`/users/${id}?as_of=${before}`)).status).toBe(404)
    expect((await get(`/users/${id}?as_of=${body.items[0].at}`)).status).toBe(404)
  }

  test('what is due is not shown any more, also before it is swept', async () => {
    const id = newId()
    await tell(id, ...life(eraseAfterS + 1))
    expect((await stored(id))[0]!['email']).toBe('ada@example.com')
    await expectErased(id)
    const second = await get(`/users/${id}/history?limit=1`)
    const behind = await get(`/users/${id}/history?limit=1&cursor=${second.body.next_cursor}`)
    expect(Object.keys(behind.body.items[0]).sort()).toEqual([
      'at',
      'by',
      'changed',
      'erased_at',
      'type',
      'version',
    ])
  })
  test('takes the values of whoever was deleted long enough ago, and of nobody else', async () => {
    const [due, recent, alive] = [newId(), newId(), newId()]
    await tell(due, ...life(eraseAfterS + 1))
    await tell(recent, ...life(eraseAfterS - 60))
    await tell(alive, ...life(eraseAfterS + 1).slice(0, 2))
    expect(await sweep()).toBeGreaterThanOrEqual(2)
    expect(await sweep()).toBe(0)
    const left = await stored(due)
    expect(JSON.stringify(left)).not.toContain('ada@example.com')
    expect(left.map((document) => Object.keys(document).sort())).toEqual([
      ['_id', 'at', 'by', 'changed', 'erased_at', 'rank', 'type', 'version'],
      ['_id', 'at', 'by', 'changed', 'erased_at', 'rank', 'type', 'version'],
      ['_id', 'at', 'by', 'changed', 'deletion', 'erased_at', 'rank', 'type', 'version'],
    ])
    await expectErased(due)
    expect((await get(`/users/${recent}?as_of=${ago(eraseAfterS - 60 + 5)}`)).body.last_name).toBe('V2')
    expect((await get(`/users/${alive}?as_of=${ago(0)}`)).body.last_name).toBe('V2')
  })
  test('what is told again stays erased, and what comes late is erased in its turn', async () => {
    const id = newId()
    const [first, second, last] = life(eraseAfterS + 1)
    await tell(id, first!, last!)
    await sweep()
    await tell(id, first!, second!, last!)
    expect((await stored(id)).map(({ email }) => email)).toEqual([undefined, 'ada@example.com', undefined])
    await expectErased(id)
    await sweep()
    expect((await stored(id))[1]!['email']).toBe('ada@example.com')
    await sweep(new Date(Date.now() + 25 * 3_600_000))
    expect((await stored(id))[1]!['email']).toBeUndefined()
  })
  test('several at once do it once each', async () => {
    const ids = Array.from({ length: 30 }, newId)
    for (const id of ids) await tell(id, ...life(eraseAfterS + 1))
    await Promise.all([sweep(), sweep(), sweep()])
    for (const id of ids) expect((await stored(id)).every(({ email }) => email === undefined)).toBe(true)
  })
})

test('MikroORM’s model of the collection reads what the projector wrote', async () => {
  const id = newId()
  await tell(id, { kind: 'created', version: 1, at: ago(5), changed: ['email'] })
  const { class: Version } = database.orm.getMetadata().getByClassName(usersHistory.collection)
  const [found] = await database.orm.em.fork().find(Version, { _id: `${id}.0000000001` })
  expect(found).toMatchObject({ type: 'created', changed: ['email'], version: 1 })
})
