import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { TcpProxy } from '../../ops/faults/tcp-proxy.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { createDatabase, createVhost, stackEnv, waitFor } from '../../tests/support/stack.ts'
import { loadSettings } from '../../shared/process/settings.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { migrate } from '../migrations/run.ts'
import { genericAggregates } from '../aggregates.ts'
import { createRelayService } from './service.ts'
import { relaySettings } from './settings.ts'
import { aggregateIds, relayWorld, type RelayWorld, type RunningRelay } from './testing/world.ts'

let world: RelayWorld
let proxy: TcpProxy
beforeEach(async () => {
  world = await relayWorld()
  ;({ proxy } = await behindProxy(stackEnv().POSTGRES_RELAY_URL))
})
afterEach(async () => {
  await world.end()
  await proxy.stop()
})

const start = (env = {}) => world.start({ POSTGRES_RELAY_URL: proxy.url(world.database.relayUrl), ...env })
const logReason = async (relay: Pick<RunningRelay, 'health'>) =>
  (await relay.health.ready()).checks.find(({ name }) => name === 'log')!.reason
const reported = (relay: Pick<RunningRelay, 'health'>, reason: RegExp) =>
  waitFor(async () => reason.test((await logReason(relay)) ?? ''), {
    timeoutMs: 10_000,
    what: String(reason),
  })

test('a database that is not there at the start is waited for, reported, and read when it comes', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  await proxy.down()
  const relay = await start()
  await world.append(aggregateIds(10))
  await reported(relay, /PostgreSQL is not reachable/)
  expect((await relay.health.pipeline()).checks.find(({ name }) => name === 'lease')!.state).toBe('failed')
  await proxy.up()
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 10_000, what: 'the events' })
  await waitFor(async () => (await relay.health.ready()).status === 'ok', { timeoutMs: 5_000, what: 'ready' })
}, 30_000)

test('a database cut off in the middle of a backlog and later back: nothing is lost, each aggregate ends right', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await start({ RELAY_LEASE_TTL_MS: '1000' })
  const ids = await world.append(aggregateIds(500, 20))
  await waitFor(() => queue.events.length > 2_000, { timeoutMs: 20_000, what: 'a part', intervalMs: 1 })
  await proxy.down()
  // Without the database the lease runs out, and whoever may have it now publishes.
  await waitFor(() => relay.status.role !== 'active', { timeoutMs: 5_000, what: 'the loss of the lease' })
  await reported(relay, /PostgreSQL is not reachable/)
  await proxy.up()
  await waitFor(async () => (await world.cursor()).seq === ids.length, {
    timeoutMs: 20_000,
    what: 'the cursor',
  })
  await waitFor(() => new Set(queue.events.map(({ id }) => id)).size === ids.length, {
    timeoutMs: 5_000,
    what: 'every event',
  })
  const ends = new Map(queue.events.map(({ aggregateId, version }) => [aggregateId, version]))
  expect([...ends.values()].every((version) => version === 20)).toBe(true)
  // The doorbell is heard again too.
  await world.append(aggregateIds(1))
  await waitFor(() => queue.events.at(-1)!.seq === ids.length + 1, {
    timeoutMs: 5_000,
    what: 'the next event',
  })
}, 60_000)

test('a database that goes silent is given up after the statement time-out, and the pool made anew', async () => {
  await world.broker.queue('all')
  const relay = await start({ RELAY_LEASE_TTL_MS: '1000', RELAY_STATEMENT_TIMEOUT_MS: '1000' })
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 5_000, what: 'a leader' })
  proxy.mute('toClient')
  await waitFor(() => relay.status.role !== 'active', { timeoutMs: 5_000, what: 'the loss of the lease' })
  await reported(relay, /PostgreSQL (does not answer|is not reachable)/)
  proxy.unmute()
  // The old connections lack what was swallowed, and nobody cuts them: only new ones help.
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 15_000, what: 'the lease again' })
}, 40_000)

test('backends that are terminated cost a retry and not the lease', async () => {
  const queue = await world.broker.queue('all')
  await queue.take()
  const relay = await world.start()
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 5_000, what: 'a leader' })
  await world.admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'relay'`
  await world.append(aggregateIds(10))
  await waitFor(() => queue.events.length >= 10, { timeoutMs: 5_000, what: 'the events' })
  expect((await world.cursor()).token).toBe(1)
}, 30_000)

test('a schema that is not there yet is waited for, and told apart from a database that is away', async () => {
  const [database, vhost] = await Promise.all([createDatabase(), createVhost()])
  const env = { POSTGRES_RELAY_URL: database.relayUrl, RABBITMQ_URL: vhost.url, RELAY_PORT: '0' }
  const relay = createRelayService(loadSettings(relaySettings, env), genericAggregates, silentLogger)
  for (const part of relay.parts) await part.start()
  await reported(relay, /the schema is not there yet/)
  await migrate({
    urls: { owner: database.ownerUrl, command: database.commandUrl, relay: database.relayUrl },
    log: silentLogger,
    signal: new AbortController().signal,
  })
  await waitFor(() => relay.status.role === 'active', { timeoutMs: 10_000, what: 'a leader' })
  for (const part of relay.parts.toReversed()) await part.stop()
  await Promise.all([database.drop(), vhost.drop()])
}, 30_000)
