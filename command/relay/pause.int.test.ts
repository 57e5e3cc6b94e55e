import { afterEach, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { currentPause, pauseRelay, resumeRelay } from './parking/operations.ts'
import { aggregateIds, relayWorld, type RelayWorld, type RunningRelay } from './testing/world.ts'

let world: RelayWorld
beforeEach(async () => {
  world = await relayWorld()
})
afterEach(() => world.end())

const pausedCheck = async (relay: RunningRelay) =>
  (await relay.health.pipeline()).checks.find(({ name }) => name === 'paused')!
const isPaused = (relay: RunningRelay) =>
  waitFor(async () => (await relay.metric('relay_paused')) === 1, { timeoutMs: 5_000, what: 'the pause' })

test('a paused relay publishes heartbeats alone and says who and why, also after a restart, until it is resumed', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await world.start()
  const ids = await world.append(aggregateIds(5))
  await waitFor(() => queue.events.length === 5, { timeoutMs: 5_000, what: 'the events before' })
  const { sql } = world.database
  expect(await pauseRelay(sql, { by: 'ada', reason: 'moving the broker' })).toBe(true)
  expect(await pauseRelay(sql, { by: 'bob', reason: 'another' })).toBe(false)
  expect(await currentPause(sql)).toMatchObject({ by: 'ada', reason: 'moving the broker' })
  await isPaused(relay)
  expect(await pausedCheck(relay)).toMatchObject({
    state: 'failed',
    reason: 'paused by ada: moving the broker',
    since: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect((await relay.health.ready()).status).toBe('ok')

  ids.push(...(await world.append(aggregateIds(10))))
  await world.command.notify('outbox')
  const paused = () => queue.heartbeats.filter((heartbeat) => heartbeat.paused).length
  await waitFor(() => paused() >= 24, { timeoutMs: 5_000, what: 'three rounds of heartbeats' })
  expect(queue.events).toHaveLength(5)
  expect((await relay.health.ready()).status).toBe('ok')

  await relay.stop()
  const next = await world.start()
  const before = paused()
  await waitFor(() => paused() >= before + 16, { timeoutMs: 5_000, what: 'heartbeats of the next' })
  expect(queue.events).toHaveLength(5)

  expect(await resumeRelay(sql)).toBe(true)
  expect(await resumeRelay(sql)).toBe(false)
  await waitFor(() => queue.events.length === 15, { timeoutMs: 5_000, what: 'the events after' })
  expect(queue.events.map(({ id }) => id)).toEqual(ids)
  expect(await next.metric('relay_paused')).toBe(0)
  expect(await pausedCheck(next)).toMatchObject({ state: 'ok' })
  await waitFor(() => queue.heartbeats.at(-1)?.paused === undefined, {
    timeoutMs: 5_000,
    what: 'a heartbeat',
  })
}, 40_000)

test('a pause holds in the middle of an outage: nothing is sent again before the resume', async () => {
  const relay = await world.start()
  await world.append(aggregateIds(5))
  await waitFor(() => relay.status.outage, { timeoutMs: 5_000, what: 'the outage' })
  await pauseRelay(world.database.sql, { by: 'ada', reason: 'the group is rebuilt' })
  await isPaused(relay)
  await waitFor(() => relay.status.outage === undefined, {
    timeoutMs: 5_000,
    what: 'the end of the attempts',
  })
  const queue = await world.broker.queue('all')
  await queue.take()
  await waitFor(() => queue.heartbeats.length >= 16, { timeoutMs: 5_000, what: 'heartbeats' })
  expect(queue.events).toHaveLength(0)
  await resumeRelay(world.database.sql)
  await waitFor(() => queue.events.length === 5, { timeoutMs: 5_000, what: 'the events' })
}, 40_000)
