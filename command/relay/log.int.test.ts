import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { PostgresLog } from './postgres-log.ts'
import {
  aggregateIdOn,
  aggregateIds,
  eventRow,
  relayWorld,
  type RelayWorld,
  type RunningRelay,
} from './testing/world.ts'

let world: RelayWorld
beforeEach(async () => {
  world = await relayWorld()
})
afterEach(() => world.end())

const logReason = async (relay: RunningRelay) =>
  (await relay.health.ready()).checks.find(({ name }) => name === 'log')!.reason
const leading = (relay: RunningRelay) =>
  waitFor(() => relay.status.role === 'active', { timeoutMs: 5_000, what: 'a leader' })

test('transactions that commit in the inverse order of their start lose nothing, and a foreign one delays nobody', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await world.start()
  await leading(relay)
  // A long writing transaction elsewhere: a reader fenced by the oldest snapshot would stall behind it.
  const foreign = await world.database.sql.reserve()
  await foreign`BEGIN`
  await foreign`CREATE TABLE foreign_work (id int)`

  // An appender that sits on its commit, and twenty that come after it: all of them must arrive, in commit order.
  const slow = await world.command.reserve()
  await slow`BEGIN`
  const first = eventRow(aggregateIds(1)[0]!, 1)
  await slow`INSERT INTO outbox ${slow(first)}`
  const later = aggregateIds(20).map((id) => world.append([id]))
  await waitFor(
    async () => {
      const [row] = await world.admin`
        SELECT count(*)::int AS waiting FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      return row.waiting >= 20
    },
    { timeoutMs: 5_000, what: 'the later appenders to queue up' },
  )
  await slow`COMMIT`
  slow.release()
  const ids = (await Promise.all(later)).flat()
  await waitFor(() => queue.events.length >= 21, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events[0]!.id).toBe(first.id)
  expect(new Set(queue.events.map(({ id }) => id))).toEqual(new Set([first.id, ...ids]))
  expect(queue.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1))
  await foreign`ROLLBACK`
  foreign.release()
}, 30_000)

test('heartbeats tell head and cursor on every partition, after each poll, also while nothing happens', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await world.append(aggregateIds(5))
  await world.start()
  await waitFor(() => queue.heartbeats.some(({ cursor }) => cursor === 5), {
    timeoutMs: 5_000,
    what: 'the cursor',
  })
  expect(new Set(queue.heartbeats.map(({ partition }) => partition))).toEqual(
    new Set([0, 1, 2, 3, 4, 5, 6, 7]),
  )
  expect(queue.heartbeats.every(({ head, cursor }) => head === 5 && cursor <= 5)).toBe(true)
  const { length } = queue.heartbeats
  await waitFor(() => queue.heartbeats.length >= length + 16, { timeoutMs: 5_000, what: 'two more rounds' })
}, 30_000)

test('heartbeats name the last confirmed event of their partition and count each event once, by term', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const [third, fifth] = [aggregateIdOn(3), aggregateIdOn(5)]
  const first = await world.start()
  const last = (partition: number) => queue.heartbeats.findLast((found) => found.partition === partition)
  await waitFor(() => last(3), { timeoutMs: 5_000, what: 'a heartbeat' })
  expect(last(3)).not.toHaveProperty('last')
  await world.append([third, fifth, third])
  await waitFor(() => last(3)?.last?.['users']?.seq === 3, { timeoutMs: 5_000, what: 'the last event' })
  expect(last(3)).toMatchObject({ term: 1, last: { users: { seq: 3, count: 2, id: third, version: 2 } } })
  await waitFor(() => last(5)?.last, { timeoutMs: 5_000, what: 'the other last event' })
  expect(last(5)!.last).toEqual({ users: { seq: 2, count: 1, id: fifth, version: 1 } })
  expect(last(0)).not.toHaveProperty('last')
  const numbers = queue.heartbeats.flatMap(({ partition, number }) => (partition === 3 ? [number!] : []))
  expect(numbers.length).toBeGreaterThan(1)
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))

  await first.stop()
  await world.start()
  await waitFor(() => last(3)?.term === 2, { timeoutMs: 5_000, what: 'the next term' })
  expect(last(3)).not.toHaveProperty('last')
}, 30_000)

test('the relay refuses a sequence that stands behind the log, and goes on when it is mended', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await world.append(aggregateIds(10))
  await world.admin`SELECT setval('outbox_seq_seq', 4)`
  const relay = await world.start()
  await waitFor(async () => (await logReason(relay))?.includes('behind its highest seq 10'), {
    timeoutMs: 5_000,
    what: 'the refusal',
  })
  expect((await relay.health.ready()).status).toBe('failed')
  expect(queue.events.length).toBe(0)
  expect(await relay.metric('relay_published_total')).toBe(0)
  await world.admin`SELECT setval('outbox_seq_seq', 10)`
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 5_000, what: 'the events' })
  expect(await logReason(relay)).toBeUndefined()
}, 30_000)

test('the relay stores the cluster it reads, and refuses another one', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await world.start()
  await leading(relay)
  const [stored] = await world.database.sql`SELECT cluster FROM outbox_cursor`
  expect(stored.cluster).toMatch(/^\d+\.[0-9A-F]{8}$/)
  await world.database.sql`UPDATE outbox_cursor SET cluster = '1.00000001'`
  await waitFor(async () => (await logReason(relay))?.includes('were commits lost?'), {
    timeoutMs: 5_000,
    what: 'the refusal',
  })
  await world.append(aggregateIds(1))
  await world.database.sql`UPDATE outbox_cursor SET cluster = NULL`
  await waitFor(() => queue.events.length >= 1, { timeoutMs: 5_000, what: 'the event' })
}, 30_000)

test('the active relay makes segments ahead of the sequence, and events cross them in order', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await world.admin`SELECT setval('outbox_seq_seq', 999990)`
  const ids = await world.append(aggregateIds(20))
  const relay = await world.start({ OUTBOX_SEGMENT_ROWS: '5000' })
  await waitFor(() => queue.events.length >= 20, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  // The migration made three ahead of the first; the second is in use now, so that one is missing.
  await waitFor(async () => (await relay.metric('relay_segments_ahead')) === 3, {
    timeoutMs: 5_000,
    what: 'segments',
  })
  const [made] = await world.database.sql`
    SELECT count(*)::int AS count FROM outbox_segments WHERE to_seq - from_seq = 5000`
  expect(made.count).toBe(1)
}, 30_000)

test('a batch is bounded by count and by stored bytes, and always takes a row', async () => {
  const log = new PostgresLog({ url: world.database.relayUrl, statementTimeoutMs: 5_000 })
  const large = 'x'.repeat(3_000)
  const rows = aggregateIds(6).map((id) => ({
    ...eventRow(id, 1),
    payload: { large: large + id + Math.random() },
  }))
  await world.command`INSERT INTO outbox ${world.command(rows)}`
  const sizes = async (limit: number, bytesMax: number) => {
    const batch = await log.read({ after: 0, limit, bytesMax })
    return { seqs: batch.rows.map(({ seq }) => seq), full: batch.full }
  }
  expect(await sizes(100, 1_000_000)).toEqual({ seqs: [1, 2, 3, 4, 5, 6], full: false })
  expect(await sizes(4, 1_000_000)).toEqual({ seqs: [1, 2, 3, 4], full: true })
  expect(await sizes(100, 1)).toEqual({ seqs: [1], full: true })
  const [two] =
    await world.admin`SELECT sum(pg_column_size(payload))::int AS bytes FROM outbox WHERE seq <= 2`
  expect(await sizes(100, two.bytes + 1)).toMatchObject({ seqs: [1, 2, 3], full: true })
  await log.stop()
}, 30_000)
