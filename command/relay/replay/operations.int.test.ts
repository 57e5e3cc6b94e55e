import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../../tests/support/stack.ts'
import { testGroup, type TestGroup } from '../testing/group.ts'
import { insertUsers } from '../testing/state.ts'
import { relayWorld, type RelayWorld } from '../testing/world.ts'
import { cancelReplay, listReplays, showReplay } from './operations.ts'

let world: RelayWorld
let group: TestGroup
beforeEach(async () => {
  world = await relayWorld()
  group = await testGroup(world.vhost.url, 'users-g1')
})
afterEach(async () => {
  await group.close()
  await world.end()
})

test('replays are listed with what they are for and how far they are, and one is cancelled', async () => {
  const { sql } = world.database
  await group.declare()
  await insertUsers(world.admin, 500)
  const relay = await world.start({
    RELAY_REPLAY_WINDOW: '20',
    RELAY_REPLAY_DEPTH_MAX: '9',
    RELAY_HEARTBEAT_INTERVAL_MS: '60000',
  })
  // Nobody takes what is sent, so that it waits after its first window.
  const stuck = await group.ask({ only: [1, 2], reason: 'queue-lost' })
  await waitFor(async () => ((await showReplay(sql, stuck))?.sent ?? 0) > 0, {
    timeoutMs: 10_000,
    what: 'a window',
  })
  expect(await showReplay(sql, stuck)).toMatchObject({
    group: 'users-g1',
    aggregate: 'users',
    partitions: 8,
    only: [1, 2],
    scope: { kind: 'all' },
    reason: 'queue-lost',
    requested_by: 'a test',
    requested_at: expect.stringMatching(/^\d{4}-.*Z$/),
    phase: 'snapshot',
    head: 0,
    finished_at: null,
  })
  expect(await showReplay(sql, crypto.randomUUID())).toBeUndefined()

  expect(await cancelReplay(sql, { id: stuck, by: 'an operator' })).toBe(true)
  expect(await cancelReplay(sql, { id: stuck, by: 'an operator' })).toBe(false)
  await waitFor(() => relay.status.replays.length === 0, { timeoutMs: 5_000, what: 'the relay to see it' })
  const [{ readers }] = await sql`SELECT count(*)::int AS readers FROM outbox_cursor`
  expect(readers).toBe(1)

  const other = await group.ask({ scope: { kind: 'from', seq: 0 } })
  await group.consume()
  await waitFor(async () => (await showReplay(sql, other))?.phase === 'done', {
    timeoutMs: 10_000,
    what: 'the end',
  })
  const listed = await listReplays(sql, { finished: 10 })
  expect(listed.map(({ id, phase, error }) => ({ id, phase, error }))).toEqual([
    { id: other, phase: 'done', error: null },
    { id: stuck, phase: 'failed', error: 'cancelled by an operator' },
  ])
  expect(group.markers.every(({ request }) => request === other)).toBe(true)
}, 60_000)

test('those that ended are forgotten after a while, and what is open is not', async () => {
  const { sql } = world.database
  await group.declare()
  await world.start()
  const past = (name: string, count: number, age: string, phase: string) => sql`
    INSERT INTO outbox_replays (id, consumer_group, aggregate, partitions, scope, reason, requested_by, requested_at, phase, finished_at)
    SELECT gen_random_uuid(), ${name}, 'users', 8, '{"kind":"all"}', 'first', 'a test', clock_timestamp(), ${phase},
           clock_timestamp() - ${age}::interval - n * interval '1 second'
    FROM generate_series(1, ${count}::int) n`
  await past('users-g1', 120, '1 hour', 'done')
  await past('users-g1', 2, '31 days', 'failed')
  await past('old-g1', 2, '31 days', 'done')
  await past('old-g1', 2, '29 days', 'failed')
  // Older than any, by its request; it waits for queues that are not there.
  const open = crypto.randomUUID()
  await sql`
    INSERT INTO outbox_replays (id, consumer_group, aggregate, partitions, scope, reason, requested_by, requested_at, accepted_at, phase)
    VALUES (${open}, 'other-g1', 'users', 8, '{"kind":"all"}', 'first', 'a test', '2020-01-01', '2020-01-01', 'waiting')`
  await group.consume()
  const asked = await group.ask({})
  await waitFor(async () => (await showReplay(sql, asked))?.phase === 'done', {
    timeoutMs: 15_000,
    what: 'its end',
  })
  const kept = await sql`
    SELECT consumer_group AS name, count(*)::int AS count FROM outbox_replays
    WHERE id <> ${asked} GROUP BY 1 ORDER BY 1`
  expect([...kept]).toEqual([
    { name: 'old-g1', count: 2 },
    { name: 'other-g1', count: 1 },
    { name: 'users-g1', count: 100 },
  ])
  const [{ oldest }] = await sql`
    SELECT extract(epoch FROM clock_timestamp() - min(finished_at))::float8 AS oldest FROM outbox_replays
    WHERE consumer_group = 'users-g1'`
  expect(oldest).toBeLessThan(3_600 + 110)
}, 60_000)
