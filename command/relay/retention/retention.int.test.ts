import { afterEach, beforeEach, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { segmentsLockKey } from '../../outbox/log.ts'
import { migratedDatabase, type MigratedDatabase } from '../../../tests/support/command-side.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { aggregateIds, eventRow, relayWorld } from '../testing/world.ts'
import { dropOldSegments } from './drop.ts'
import { planRetention } from './plan.ts'

let database: MigratedDatabase
let command: SQL
beforeEach(async () => {
  database = await migratedDatabase()
  command = new SQL(database.commandUrl, { max: 4 })
  // Small segments in place of those that the migration made.
  const admin = new SQL(database.adminUrl, { max: 1 })
  for (const { name } of await admin`SELECT name FROM outbox_segments`)
    await admin.unsafe(`ALTER TABLE outbox DETACH PARTITION ${name}; DROP TABLE ${name}`)
  await admin`SELECT outbox_make_segments(3, 100)`
  await admin.close()
})
afterEach(async () => {
  await command.close({ timeout: 0 })
  await database.close()
})

const day = 86_400_000
/** Events of two days ago. */
async function append(count: number, occurred_at = new Date(Date.now() - 2 * day)): Promise<void> {
  await database.sql`SELECT outbox_make_segments(3, 100)`
  const rows = aggregateIds(count).map((id) => ({ ...eventRow(id, 1), occurred_at }))
  await command`INSERT INTO outbox ${command(rows)}`
  await database.sql`SELECT outbox_make_segments(3, 100)`
}
const read = (seq: number) => database.sql`UPDATE outbox_cursor SET seq = ${seq} WHERE name = 'relay'`
const floor = async () => {
  const [row] = await database.sql`SELECT min(from_seq)::int AS floor FROM outbox_segments`
  return row.floor
}
const leftovers = async (): Promise<string[]> => {
  const found = await database.sql`
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^outbox_s[0-9]' AND NOT relispartition`
  return found.map(({ relname }: { relname: string }) => relname)
}
const drop = () => dropOldSegments(database.sql, { retentionMs: day, lockTimeoutMs: 100 })

test('segments go from the oldest on, behind every reader and older than the retention, and no further', async () => {
  await append(250)
  await append(250)
  const [first, second] = ['outbox_s000000000000001', 'outbox_s000000000000101']
  await read(99)
  expect(await drop()).toEqual({
    dropped: [],
    kept: `${first} is not read yet by relay, which stands at seq 99`,
  })
  await read(500)
  await database.sql`INSERT INTO outbox_cursor (name, seq) VALUES ('replay:1', 200)`
  expect(await planRetention(database.sql, { retentionMs: day })).toEqual({
    droppable: [
      { name: first, fromSeq: 1, toSeq: 101 },
      { name: second, fromSeq: 101, toSeq: 201 },
    ],
    kept: 'outbox_s000000000000201 is not read yet by replay:1, which stands at seq 200',
  })
  expect((await planRetention(database.sql, { retentionMs: 3 * day })).kept).toContain('younger')
  expect(await dropOldSegments(database.sql, { retentionMs: 0 })).toEqual({
    dropped: [],
    kept: 'events are kept for ever',
  })

  expect((await drop()).dropped).toEqual([first, second])
  expect(await floor()).toBe(201)
  const [rest] = await database.sql`SELECT min(seq)::int AS min, count(*)::int AS count FROM outbox`
  expect(rest).toEqual({ min: 201, count: 300 })
  await database.sql`DELETE FROM outbox_cursor WHERE name = 'replay:1'`
  // The one in use stays, and those ahead of it.
  expect((await drop()).dropped).toHaveLength(3)
  expect(await drop()).toEqual({ dropped: [], kept: 'the rest is not in use yet' })
  await append(10)
  expect(await floor()).toBe(501)
}, 30_000)

test('a reader that is open keeps nobody from appending, and the segment goes when the reader has gone', async () => {
  await append(250)
  await database.sql`SELECT outbox_make_segments(60, 100)`
  await read(250)
  const reader = await database.sql.reserve()
  await reader`BEGIN`
  await reader`SELECT count(*) FROM outbox`
  let slowestMs = 0
  const done = new AbortController()
  const appending = (async () => {
    while (!done.signal.aborted) {
      const startedAt = performance.now()
      await command`INSERT INTO outbox ${command(eventRow(aggregateIds(1)[0]!, 1))}`
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
    }
  })()
  const behind = await drop()
  done.abort()
  await appending
  expect(behind).toEqual({ dropped: [], kept: expect.stringContaining('in the way') })
  expect(slowestMs).toBeGreaterThan(0)
  expect(slowestMs).toBeLessThan(1_000)
  // Half done: nobody sees its rows any more, but the table is there, and makers of segments are not held up.
  expect(await floor()).toBe(101)
  await database.sql`SELECT outbox_make_segments(64, 100)`
  await reader`COMMIT`
  reader.release()
  expect((await drop()).dropped).toEqual(['outbox_s000000000000001', 'outbox_s000000000000101'])
  expect(await leftovers()).toEqual([])
}, 30_000)

test('what a killed run left is finished: a table that is detached already; an archive is not touched', async () => {
  await append(250)
  await read(250)
  await database.sql.unsafe(`
    COMMENT ON TABLE outbox_s000000000000001 IS 'outbox: retired, to be dropped';
    ALTER TABLE outbox DETACH PARTITION outbox_s000000000000001`)
  await database.sql`ALTER TABLE outbox DETACH PARTITION outbox_s000000000000101`
  expect(await drop()).toEqual({
    dropped: ['outbox_s000000000000001'],
    kept: expect.stringContaining('outbox_s000000000000201 is not read yet'),
  })
  expect(await leftovers()).toEqual(['outbox_s000000000000101'])
}, 30_000)

test('what somebody else began to detach is left to them', async () => {
  await append(250)
  await read(250)
  const [reader, operator] = await Promise.all([database.sql.reserve(), database.sql.reserve()])
  await reader`BEGIN`
  await reader`SELECT count(*) FROM outbox`
  await operator`SET lock_timeout = 50`
  const detaching = operator`ALTER TABLE outbox DETACH PARTITION outbox_s000000000000101 CONCURRENTLY`
  expect((await detaching.catch((error: SQL.PostgresError) => error)).errno).toBe('55P03')
  await reader`COMMIT`
  reader.release()
  operator.release()
  expect(await drop()).toEqual({
    dropped: [],
    kept: 'somebody else began to detach outbox_s000000000000101: it has to be finished',
  })
}, 30_000)

test('while it decides no reader registers, and of two that drop one waits for the next time', async () => {
  await append(150)
  await read(150)
  const registering = await database.sql.reserve()
  await registering`BEGIN`
  await registering`SELECT pg_advisory_xact_lock(${segmentsLockKey})`
  expect(await drop()).toEqual({ dropped: [], kept: 'another process makes or drops segments' })
  await registering`INSERT INTO outbox_cursor (name, seq) VALUES ('replay:1', 0)`
  await registering`COMMIT`
  registering.release()
  expect((await drop()).kept).toContain('not read yet by replay:1')
}, 30_000)

test('the relay drops what it has published, tells of it, and refuses a log that begins beyond its cursor', async () => {
  const world = await relayWorld()
  const queue = await world.broker.queue('all')
  await queue.take()
  await world.admin`SELECT setval('outbox_seq_seq', 999990)`
  const rows = aggregateIds(20).map((id) => ({
    ...eventRow(id, 1),
    occurred_at: new Date(Date.now() - 2 * day),
  }))
  await world.command`INSERT INTO outbox ${world.command(rows)}`
  const env = { POSTGRES_OWNER_URL: world.database.ownerUrl, OUTBOX_RETENTION_HOURS: '24' }
  const relay = await world.start(env)
  await waitFor(async () => (await relay.metric('relay_log_floor_seq')) === 1_000_001, {
    timeoutMs: 10_000,
    what: 'the first segment to go',
  })
  expect(queue.events).toHaveLength(20)
  expect(await relay.metric('relay_segments_dropped_total')).toBe(1)

  await world.database.sql`UPDATE outbox_cursor SET seq = 17`
  await waitFor(() => relay.status.refusal?.includes('begins at seq 1000001, beyond the cursor 17'), {
    timeoutMs: 5_000,
    what: 'the refusal',
  })
  expect((await relay.health.ready()).status).toBe('failed')
  await world.end()
}, 30_000)
