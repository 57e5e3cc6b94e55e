import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../../tests/support/stack.ts'
import { refusing } from '../testing/refusing.ts'
import { aggregateIdOn, aggregateIds, eventRow, relayWorld } from '../testing/world.ts'
import type { RelayWorld, RunningRelay } from '../testing/world.ts'
import type { TestQueue } from '../testing/broker.ts'
import { discardParked, listParked, requestRelease, showParked } from './operations.ts'

let world: RelayWorld
let queue: TestQueue
beforeEach(async () => {
  world = await relayWorld()
  queue = await world.broker.queue('all')
  await queue.take()
})
afterEach(() => world.end())

const users = (aggregateid: string) => ({ aggregatetype: 'users', aggregateid })
const parked = async (events: number) =>
  waitFor(
    async () => {
      const [first] = await listParked(world.database.sql)
      return first?.events === events ? first : undefined
    },
    { timeoutMs: 15_000, what: `${events} parked events` },
  )
const nothingParked = () =>
  waitFor(async () => (await listParked(world.database.sql)).length === 0, {
    timeoutMs: 20_000,
    what: 'the end of the release',
  })
const received = (id: string) =>
  queue.events.filter(({ aggregateId }) => aggregateId === id).map(({ version }) => version)
const parkedCheck = async (relay: RunningRelay) =>
  (await relay.health.pipeline()).checks.find(({ name }) => name === 'parked')!

/** A type that the client cannot put into a message property; the table's own check stands in its way. */
async function appendUnencodable(aggregateId: string, version: number): Promise<void> {
  const tables = await world.database.sql`SELECT 'outbox' AS name UNION ALL SELECT name FROM outbox_segments`
  for (const { name } of tables)
    await world.database.sql.unsafe(`ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS outbox_type_named`)
  const type = `users.${'x'.repeat(250)}.v1`
  await world.command`INSERT INTO outbox ${world.command({ ...eventRow(aggregateId, version), type })}`
}

test('an event that cannot be encoded parks its aggregate; everybody else flows, and operators see why', async () => {
  const [bad, good] = aggregateIds(2) as [string, string]
  const relay = await world.start()
  await waitFor(async () => (await relay.health.ready()).status === 'ok', { timeoutMs: 5_000, what: 'ready' })
  await world.append([good, bad])
  await appendUnencodable(bad, 2)
  await parked(1)
  await world.append([good, bad, good])
  const found = await parked(2)
  expect(found).toMatchObject({ ...users(bad), discarded: 0, first_seq: 3, release_requested_at: null })
  expect(found.reason).toMatch(/^event .* at seq 3 cannot be encoded for the broker$/)
  await waitFor(() => received(good).length === 3, { timeoutMs: 5_000, what: 'the others' })
  expect(received(bad)).toEqual([1])
  const shown = await showParked(world.database.sql, users(bad), { limit: 1 })
  expect(shown!.first).toMatchObject([{ seq: 3, version: 2 }])
  expect(Object.keys(shown!.first[0]!)).not.toContain('payload')

  await waitFor(async () => (await relay.metric('relay_parked_events')) === 2, {
    timeoutMs: 5_000,
    what: 'the gauge',
  })
  expect(await parkedCheck(relay)).toMatchObject({ state: 'failed', aggregates: 1, events: 2 })
  expect((await relay.health.ready()).status).toBe('ok')
  expect(await relay.metric('relay_parked_aggregates')).toBe(1)
  expect(await relay.metric('relay_parked_total')).toBe(2)
  expect(await relay.metric('relay_outages_total')).toBe(0)
  expect((await world.cursor()).seq).toBe(6)

  // Another relay knows it from the database.
  await relay.stop()
  await world.start()
  await world.append([bad, good])
  await waitFor(() => received(good).length === 4, { timeoutMs: 5_000, what: 'the others' })
  await parked(3)
  expect(received(bad)).toEqual([1])
}, 40_000)

test('what fails again in its release is parked again; what is discarded never comes, and later events do', async () => {
  const [bad] = aggregateIds(1) as [string]
  const relay = await world.start()
  await appendUnencodable(bad, 1)
  await parked(1)
  await world.append([bad])
  await parked(2)
  await world.database.sql`UPDATE outbox_parked_aggregates SET reason = 'before'`
  expect(await requestRelease(world.database.sql, users(bad), { by: 'ada' })).toBe(true)
  const again = await waitFor(
    async () => {
      const [found] = await listParked(world.database.sql)
      return found?.reason !== 'before' && found
    },
    { timeoutMs: 5_000, what: 'the second failure' },
  )
  expect(again).toMatchObject({ events: 2, release_requested_at: null, release_requested_by: null })
  expect(received(bad)).toEqual([])

  expect(await discardParked(world.database.sql, users(bad), { by: 'ada' })).toBe(2)
  await nothingParked()
  await world.append([bad])
  await waitFor(() => received(bad).length === 1, { timeoutMs: 5_000, what: 'the later event' })
  expect(await relay.metric('relay_discarded_total')).toBe(2)
  expect(await relay.metric('relay_released_total')).toBe(0)
  await waitFor(async () => (await parkedCheck(relay)).state === 'ok', { timeoutMs: 5_000, what: 'health' })
  expect(await requestRelease(world.database.sql, users(bad), { by: 'ada' })).toBe(false)
  expect(await discardParked(world.database.sql, users(bad), { by: 'ada' })).toBeUndefined()
}, 40_000)

test('an event that the broker refuses while it takes others of its routing key is parked, and they flow', async () => {
  const refused = new Set([aggregateIdOn(3)])
  const [bad] = [...refused] as [string]
  const other = aggregateIdOn(3)
  const relay = await world.start({}, refusing(refused))
  await world.append([bad, bad, other, bad])
  expect(await parked(3)).toMatchObject({ reason: expect.stringContaining('is nacked by the broker') })
  await waitFor(() => received(other).length > 0, { timeoutMs: 5_000, what: 'the other' })
  refused.clear()
  await requestRelease(world.database.sql, users(bad), { by: 'ada' })
  await waitFor(() => received(bad).length === 3, { timeoutMs: 5_000, what: 'the release' })
  expect(received(bad)).toEqual([1, 2, 3])
  await nothingParked()
  expect(await relay.metric('relay_released_total')).toBe(3)
}, 60_000)

test('alone on its routing key it is an outage, until another comes to compare with', async () => {
  const bad = aggregateIdOn(3)
  const relay = await world.start({}, refusing(new Set([bad])))
  await world.append([bad])
  await waitFor(() => (relay.status.outage?.attempts ?? 0) > 8, { timeoutMs: 10_000, what: 'many attempts' })
  expect(await listParked(world.database.sql)).toEqual([])
  expect((await relay.health.pipeline()).status).toBe('failed')
  const other = aggregateIdOn(3)
  await world.append([other])
  await parked(1)
  await waitFor(() => received(other).length > 0, { timeoutMs: 5_000, what: 'the other' })
}, 40_000)

test('of 1,000 events that were held none is lost or overtaken, though the relay is killed half-way', async () => {
  const bad = aggregateIdOn(3)
  const others = Array.from({ length: 20 }, () => aggregateIdOn(3))
  const first = await world.start({}, refusing(new Set([bad])))
  await world.append([bad, ...others])
  await parked(1)
  await world.append(Array.from({ length: 999 }, () => bad))
  await parked(1_000)
  await first.stop()

  // Small windows, so that there is a half-way.
  const killed = await world.spawn({ RELAY_WINDOW: '10' })
  await waitFor(async () => (await killed.get('/health/ready')).status === 200, {
    timeoutMs: 10_000,
    what: 'ready',
  })
  const next = await world.start({ RELAY_WINDOW: '50' })
  await waitFor(() => next.status.role === 'standby', { timeoutMs: 5_000, what: 'a standby' })
  await requestRelease(world.database.sql, users(bad), { by: 'ada' })
  await waitFor(() => received(bad).length >= 200, { timeoutMs: 10_000, what: 'a part', intervalMs: 1 })
  await killed.kill('SIGKILL')
  expect((await listParked(world.database.sql))[0]!.events).toBeGreaterThan(0)
  // New events of the aggregate queue up behind, those of others do not.
  await world.append([bad, ...others, bad])
  await waitFor(() => others.every((id) => received(id).includes(2)), {
    timeoutMs: 15_000,
    what: 'the others',
  })
  await waitFor(() => received(bad).at(-1) === 1_002, { timeoutMs: 20_000, what: 'the last event' })
  await nothingParked()

  const versions = received(bad)
  expect(new Set(versions).size).toBe(1_002)
  const overtaking = versions.filter(
    (version, index) => version > Math.max(0, ...versions.slice(0, index)) + 1,
  )
  expect(overtaking).toEqual([])
  // After a repetition it goes on from there, so that the last to come is the last version.
  expect(versions.length).toBeLessThan(1_002 + 60)
  expect(await world.database.sql`SELECT FROM outbox_parked`).toHaveLength(0)
}, 90_000)
