import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { PostgresLog } from './postgres-log.ts'
import { aggregateIds, relayWorld, type RelayWorld } from './testing/world.ts'

let world: RelayWorld
beforeEach(async () => {
  world = await relayWorld()
})
afterEach(() => world.end())

const leader = async () => (await world.cursor()).owner
const ready = async (url: string) => (await fetch(`${url}/health/ready`)).status === 200

test('of two relays one leads and the other is ready; a clean stop hands over at once', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const first = await world.start()
  await waitFor(leader, { timeoutMs: 5_000, what: 'a leader' })
  // A long lease: only the word of the one that stops can be so quick.
  const second = await world.start({ RELAY_LEASE_TTL_MS: '60000' })
  await waitFor(() => second.status.role === 'standby', { timeoutMs: 5_000, what: 'a standby' })
  const isReady = async () => (await second.health.ready()).status === 'ok'
  await waitFor(isReady, { timeoutMs: 5_000, what: 'the one that stands by to be ready' })
  const ids = await world.append(aggregateIds(50))
  await waitFor(() => queue.events.length >= 50, { timeoutMs: 5_000, what: 'the events' })
  expect(await second.metric('relay_published_total')).toBe(0)

  const stoppedAt = performance.now()
  await first.stop()
  await waitFor(() => second.status.role === 'active', {
    timeoutMs: 5_000,
    what: 'the take-over',
    intervalMs: 5,
  })
  expect(performance.now() - stoppedAt).toBeLessThan(500)
  ids.push(...(await world.append(aggregateIds(50))))
  await waitFor(() => queue.events.length >= 100, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect((await world.cursor()).token).toBe(2)
}, 30_000)

test('a relay killed between confirm and cursor loses nothing: the next sends the same ids within 5 s', async () => {
  const queue = await world.broker.queue('all')
  const killed = await world.spawn()
  await waitFor(leader, { timeoutMs: 10_000, what: 'a leader' })
  const standby = await world.start()
  await waitFor(() => standby.status.role === 'standby', { timeoutMs: 5_000, what: 'a standby' })

  // The cursor cannot move while its row is locked, but the confirms come.
  const lock = await world.database.sql.reserve()
  await lock`BEGIN`
  await lock`SELECT FROM outbox_cursor FOR UPDATE`
  const ids = await world.append(aggregateIds(500))
  await waitFor(async () => (await queue.depth()) >= 500, { timeoutMs: 5_000, what: 'the first sending' })
  await killed.kill('SIGKILL')
  const killedAt = performance.now()
  // Its statement would go on without it and move the cursor after all.
  await world.admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'relay'`
  await lock`ROLLBACK`
  lock.release()

  await waitFor(() => standby.status.role === 'active', {
    timeoutMs: 6_000,
    what: 'the take-over',
    intervalMs: 5,
  })
  expect(performance.now() - killedAt).toBeLessThan(5_000)
  expect(standby.status.token).toBe(2)
  await queue.take()
  await waitFor(() => queue.events.length >= 1_000, { timeoutMs: 5_000, what: 'the second sending' })
  const received = queue.events.map(({ id }) => id)
  expect(received.slice(0, 500)).toEqual(ids)
  expect(received.slice(500)).toEqual(ids)
  await waitFor(async () => (await world.cursor()).seq === queue.events.at(-1)!.seq, {
    timeoutMs: 5_000,
    what: 'the cursor',
  })
}, 40_000)

test('a relay whose lease was taken cannot move the cursor, stops publishing at once and stands by', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await world.start()
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 5_000, what: 'a leader' })

  await world.database.sql`
    UPDATE outbox_cursor SET owner = 'thief', token = token + 1, expires_at = clock_timestamp() + interval '1 hour'`
  await world.append(aggregateIds(10))
  await waitFor(() => relay.status.role === 'standby', { timeoutMs: 5_000, what: 'standing by' })
  // At most the window that was on its way; its cursor move came too late.
  const before = queue.events.length
  expect([0, 10]).toContain(before)
  await world.append(aggregateIds(10))
  await world.command.notify('outbox')
  const held = await waitFor(
    async () => (await relay.health.pipeline()).checks.find((c) => c.held_by === 'thief'),
    {
      timeoutMs: 5_000,
      what: 'the health to name the holder',
    },
  )
  expect(held).toMatchObject({ name: 'lease', state: 'ok', role: 'standby' })
  expect(queue.events.length).toBe(before)
  expect(await world.cursor()).toEqual({ seq: 0, owner: 'thief', token: 2 })
}, 30_000)

test('a relay that was frozen and wakes up after the take-over publishes nothing more and stands by', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const frozen = await world.spawn()
  await waitFor(leader, { timeoutMs: 10_000, what: 'a leader' })
  const next = await world.start()
  await waitFor(() => next.status.role === 'standby', { timeoutMs: 5_000, what: 'a standby' })
  process.kill(frozen.pid, 'SIGSTOP')
  await waitFor(() => next.status.role === 'active', { timeoutMs: 6_000, what: 'the take-over' })
  const ids = await world.append(aggregateIds(50))
  process.kill(frozen.pid, 'SIGCONT')
  await world.command.notify('outbox')
  await waitFor(
    async () => (await (await fetch(`${frozen.url}/health/pipeline`)).text()).includes('"standby"'),
    {
      timeoutMs: 10_000,
      what: 'the frozen one to stand by',
    },
  )
  await waitFor(() => queue.events.length >= 50, { timeoutMs: 5_000, what: 'the events' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect(await (await fetch(`${frozen.url}/metrics`)).text()).toContain(
    'relay_published_total{service="relay"} 0',
  )
  expect((await world.cursor()).token).toBe(2)
}, 40_000)

test('an old token fences every statement, also one that arrives late', async () => {
  const log = new PostgresLog({ url: world.database.relayUrl, statementTimeoutMs: 5_000 })
  const old = await log.acquire({ owner: 'old', ttlMs: 1 })
  if (!old.acquired) throw new Error('not acquired')
  const next = await waitFor(
    () =>
      log.acquire({ owner: 'next', ttlMs: 60_000 }).then((answer) => (answer.acquired ? answer : undefined)),
    {
      timeoutMs: 1_000,
      what: 'expiry',
    },
  )
  expect(next.token).toBe(old.token + 1)
  expect(await log.moveCursor({ token: old.token, seq: 7, ttlMs: 60_000 })).toBe(false)
  expect(await log.renew({ token: old.token, ttlMs: 60_000 })).toBe(false)
  await log.release({ token: old.token })
  expect(await log.acquire({ owner: 'third', ttlMs: 60_000 })).toMatchObject({
    acquired: false,
    owner: 'next',
  })
  expect(await log.moveCursor({ token: next.token, seq: 7, ttlMs: 60_000 })).toBe(true)
  expect(await log.moveCursor({ token: next.token, seq: 5, ttlMs: 60_000 })).toBe(true)
  expect((await world.cursor()).seq).toBe(7)
  await log.stop()
})

test('the relay as a process: ready by HTTP, and a stop that hands the lease on', async () => {
  await world.broker.queue('all')
  const process = await world.spawn()
  await waitFor(() => ready(process.url), { timeoutMs: 10_000, what: 'ready' })
  await waitFor(leader, { timeoutMs: 5_000, what: 'a leader' })
  expect(await (await fetch(`${process.url}/metrics`)).text()).toContain('relay_active{service="relay"} 1')
  await process.kill('SIGTERM')
  expect(await leader()).toBeNull()
}, 30_000)
