import { afterAll, beforeAll, expect, test } from 'bun:test'
import { relayWorld, type RelayWorld } from '../../../command/relay/testing/world.ts'
import { createQueryService } from '../../../query/service.ts'
import { querySettings } from '../../../query/settings.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import { loadSettings } from '../../../shared/process/settings.ts'
import { startCommandSide, type RunningCommandSide } from '../../support/command-side.ts'
import { createMongoUrl, dropMongo, waitFor } from '../../support/stack.ts'

let world: RelayWorld
let command: RunningCommandSide
const mongoUrl = createMongoUrl()
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  world = await relayWorld()
  await world.start()
  command = await startCommandSide(world.database.commandUrl)
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
  await command.stop()
  await world.end()
  await dropMongo(mongoUrl)
})

const time = '2026-01-02T03:04:05.678Z'

/** As the command service of the version before wrote it. */
async function writeOld(first_name: string): Promise<string> {
  const id = Bun.randomUUIDv7()
  const email = `${id}@example.com`
  const created = { id, first_name: 'Before', last_name: 'Old', email, created_at: time, updated_at: time }
  const updated = { ...created, first_name }
  await world.database.sql.begin(async (sql) => {
    await sql`INSERT INTO users ${sql({ ...updated, email_key: email, version: 2 })}`
    for (const [index, payload] of [created, updated].entries())
      await sql`INSERT INTO outbox ${sql({
        id: Bun.randomUUIDv7(),
        aggregatetype: 'users',
        aggregateid: id,
        type: index === 0 ? 'users.user.created.v1' : 'users.user.updated.v1',
        version: index + 1,
        payload,
      })}`
  })
  return id
}

async function startQuery() {
  const env = { MONGO_URL: mongoUrl, RABBITMQ_URL: world.vhost.url, PARTITIONS: '8' }
  const service = createQueryService(loadSettings(querySettings, env), silentLogger)
  for (const part of service.parts) await part.start()
  closing.push(async () => {
    for (const part of service.parts.toReversed()) await part.stop()
  })
  return async (path: string, headers: Record<string, string> = {}) => {
    const response = await service.app.handle(new Request(`http://localhost${path}`, { headers }))
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
}

test('a log of both versions, live and replayed, is shown as it should be', async () => {
  const [untouched, changed, deleted] = [
    await writeOld('Untouched'),
    await writeOld('Old'),
    await writeOld('Gone'),
  ]
  const body = { first_name: 'New', last_name: 'Old', email: `${changed}@example.com` }
  expect((await command.call('PUT', `/users/${changed}`, body)).status).toBe(200)
  const gone = await command.call('DELETE', `/users/${deleted}`)
  expect(gone.status).toBe(204)

  // It comes late, and is given all of it by a replay.
  const get = await startQuery()
  const shown = async (id: string) => {
    const { status, body } = await get(`/users/${id}`)
    return status === 200 ? [body.version, body.first_name] : status
  }
  await waitFor(async () => (await get(`/users/${changed}`)).body.version === 3, {
    timeoutMs: 20_000,
    what: 'the replay',
  })
  await waitFor(async () => Array.isArray(await shown(untouched)), { timeoutMs: 20_000, what: 'the other' })
  // By the token, since one that is not there yet is 404, too.
  const token = { 'consistency-token': gone.headers.get('consistency-token')! }
  await waitFor(async () => (await get(`/users/${deleted}`, token)).status === 404, {
    timeoutMs: 20_000,
    what: 'the deletion',
  })
  expect(await shown(untouched)).toEqual([2, 'Untouched'])
  expect(await shown(changed)).toEqual([3, 'New'])
  expect(await shown(deleted)).toBe(404)

  // The version before goes on writing while the new one does, as during a deployment.
  const late = await writeOld('Late')
  await waitFor(async () => Array.isArray(await shown(late)), { timeoutMs: 20_000, what: 'the late one' })
  expect(await shown(late)).toEqual([2, 'Late'])

  // What the first version did not say, nobody knows; the events themselves are better than the snapshots beside them.
  const history = async (id: string) => {
    const { body } = await get(`/users/${id}/history`)
    return (body.items ?? []).map(({ version, type, changed }: Record<string, unknown>) => [
      version,
      type,
      changed,
    ])
  }
  const wanted: [string, unknown[]][] = [
    [
      untouched,
      [
        [2, 'updated', null],
        [1, 'created', null],
      ],
    ],
    [
      changed,
      [
        [3, 'updated', ['first_name']],
        [2, 'updated', null],
        [1, 'created', null],
      ],
    ],
    [
      deleted,
      [
        [3, 'deleted', []],
        [2, 'updated', null],
        [1, 'created', null],
      ],
    ],
    [
      late,
      [
        [2, 'updated', null],
        [1, 'created', null],
      ],
    ],
  ]
  for (const [id, versions] of wanted) {
    await waitFor(async () => (await history(id)).length === versions.length, { timeoutMs: 20_000, what: id })
    await waitFor(async () => JSON.stringify(await history(id)) === JSON.stringify(versions), {
      timeoutMs: 20_000,
      what: 'the events in place of snapshots',
    })
  }
}, 60_000)
