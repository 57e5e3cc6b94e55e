import { expect, test } from 'bun:test'
import type { Check } from '../../shared/process/health.ts'
import { relayHealth } from './health.ts'
import type { LogStore, Observation } from './log-store.ts'
import type { BrokerState } from './publisher.ts'
import { initialStatus, type RelayStatus } from './status.ts'

const connected: BrokerState = { connected: true, connection: 1, blocked: undefined, reason: undefined }
const observation: Observation = {
  head: 10,
  sequence: 10,
  cursor: 10,
  owner: 'relay-1',
  leaseMs: 2_000,
  oldestAgeMs: undefined,
  segmentsAhead: 3,
  segments: 4,
  floorSeq: 1,
  paused: null,
  parked: [],
  cluster: '7.1',
  cursorCluster: '7.1',
}

function setUp(change: Partial<RelayStatus>, broker: BrokerState = connected, ping = async () => {}) {
  const heartbeat = { confirmedAtMs: performance.now(), trouble: undefined, provenOn: 1 }
  const status: RelayStatus = { ...initialStatus(), role: 'active', observation, heartbeat, ...change }
  const store = { ping } as unknown as LogStore
  return relayHealth({
    store,
    status,
    broker: () => broker,
    backlogAlarmMs: 30_000,
    heartbeatIntervalMs: 2_000,
  })
}

const failed = ({ checks }: { checks: readonly Check[] }) =>
  checks.filter(({ state }) => state === 'failed').map(({ name }) => name)

test('a relay that leads and one that stands by are ready', async () => {
  for (const role of ['active', 'standby'] as const) {
    const health = setUp({ role })
    expect((await health.ready()).status).toBe('ok')
    expect((await health.pipeline()).status).toBe('ok')
  }
})

test('ready asks for database, log, broker, and progress where there was work', async () => {
  const away = { connected: false, connection: 0, blocked: undefined, reason: 'the broker is not reachable' }
  const waitingSinceMs = performance.now() - 5_000
  expect(failed(await setUp({}, connected, () => Promise.reject(new Error('away'))).ready())).toEqual([
    'postgresql',
  ])
  expect(failed(await setUp({ refusal: 'the sequence …' }).ready())).toEqual(['log'])
  expect(failed(await setUp({}, away).ready())).toEqual(['rabbitmq'])
  expect(failed(await setUp({ waitingSinceMs }).ready())).toEqual(['progress'])
})

test('a broker that blocks publishers is waited for: visible, and no failure of ready by itself', async () => {
  const health = setUp({}, { ...connected, blocked: 'low on memory' })
  expect((await health.ready()).status).toBe('degraded')
  expect(failed(await health.pipeline())).toEqual(['rabbitmq'])
})

test.each<[string, Partial<RelayStatus>]>([
  ['delivery', { outage: { reason: 'unroutable', sinceMs: 0, attempts: 3 } }],
  ['backlog', { readSeq: 20, observation: { ...observation, head: 20, oldestAgeMs: 40_000 } }],
  ['segments', { observation: { ...observation, segmentsAhead: 0 } }],
  ['heartbeat', { heartbeat: { confirmedAtMs: 0, trouble: 'no queue takes them', provenOn: 1 } }],
  [
    'heartbeat',
    { heartbeat: { confirmedAtMs: performance.now() - 60_000, trouble: undefined, provenOn: 1 } },
  ],
  ['lease', { role: 'waiting' }],
])('the pipeline is red for %s, and names nothing else', async (name, change) => {
  expect(failed(await setUp({ confirmedSeq: 10, ...change }).pipeline())).toEqual([name])
})

test('an operator’s pause and what is parked are alarms of the pipeline, and take no traffic away', async () => {
  const paused = { since: '2026-11-24T00:00:00.000Z', by: 'ada', reason: 'moving the broker' }
  const parked = [3, 4].map((events) => ({
    aggregatetype: 'things',
    aggregateid: `${events}`,
    reason: `why ${events}`,
    events,
    marked: false,
  }))
  const health = setUp({ observation: { ...observation, paused, parked } })
  expect((await health.ready()).status).toBe('ok')
  const { checks } = await health.pipeline()
  expect(checks.filter(({ state }) => state === 'failed')).toEqual([
    { name: 'paused', state: 'failed', reason: 'paused by ada: moving the broker', since: paused.since },
    { name: 'parked', state: 'failed', reason: 'why 3', aggregates: 2, events: 7 },
  ])
})

test('a relay that leads is ready when something got through on this very connection', async () => {
  const heartbeat = { confirmedAtMs: undefined, trouble: 'no queue takes them', provenOn: 1 }
  const again = { ...connected, connection: 2 }
  expect(failed(await setUp({ heartbeat }).ready())).toEqual([])
  expect((await setUp({ heartbeat }, again).ready()).checks).toContainEqual({
    name: 'topology',
    state: 'failed',
    reason: 'no queue takes them',
  })
  expect(failed(await setUp({ heartbeat, role: 'standby' }, again).ready())).toEqual([])
})

test('the pipeline warns at one segment ahead', async () => {
  const report = await setUp({ observation: { ...observation, segmentsAhead: 1 } }).pipeline()
  expect(report.status).toBe('degraded')
})
