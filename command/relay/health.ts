import { createHealth, dependency, type Check, type Health } from '../../shared/process/health.ts'
import type { LogStore } from './log-store.ts'
import type { BrokerState } from './publisher.ts'
import { replaysCheck } from './replay/health.ts'
import { backlogEvents, oldestUnpublishedMs, parkedFigures, pauseOf, type RelayStatus } from './status.ts'

export interface RelayHealthOptions {
  readonly store: LogStore
  readonly status: RelayStatus
  readonly broker: () => BrokerState
  readonly backlogAlarmMs: number
  readonly heartbeatIntervalMs: number
}

/** Ready: database, broker, and progress when there was work; a relay that stands by is ready. */
export function relayHealth(options: RelayHealthOptions): Health {
  const { store, status, broker } = options
  const database = dependency('postgresql', 'failed', () => store.ping())
  return createHealth({
    ready: [
      database,
      () => logCheck(status),
      () => brokerCheck(broker(), 'degraded'),
      () => topology(status, broker()),
      () => progress(status),
    ],
    pipeline: [
      () => lease(status),
      () => paused(status),
      () => logCheck(status),
      () => brokerCheck(broker(), 'failed'),
      () => delivery(status),
      () => parked(status),
      () => backlog(status, options.backlogAlarmMs),
      () => segments(status),
      () => heartbeat(status, options.heartbeatIntervalMs),
      () => replaysCheck(status),
    ],
  })
}

function logCheck({ databaseTrouble, refusal }: RelayStatus): Check {
  const reason = databaseTrouble ?? refusal
  return reason ? { name: 'log', state: 'failed', reason } : { name: 'log', state: 'ok' }
}

function brokerCheck({ connected, blocked, reason }: BrokerState, whenBlocked: Check['state']): Check {
  if (!connected) return { name: 'rabbitmq', state: 'failed', reason: reason ?? 'not connected' }
  if (blocked === undefined) return { name: 'rabbitmq', state: 'ok' }
  return { name: 'rabbitmq', state: whenBlocked, reason: `the broker blocks publishers: ${blocked}` }
}

/** Before anything got through on this connection, nothing can be promised. */
function topology({ role, heartbeat }: RelayStatus, { connected, connection }: BrokerState): Check {
  if (role !== 'active' || !connected || heartbeat.provenOn === connection)
    return { name: 'topology', state: 'ok' }
  const reason = heartbeat.trouble ?? 'the first heartbeats are not confirmed yet'
  return { name: 'topology', state: 'failed', reason }
}

function paused(status: RelayStatus): Check {
  const pause = pauseOf(status)
  if (!pause) return { name: 'paused', state: 'ok' }
  const { since, by, reason } = pause
  return { name: 'paused', state: 'failed', reason: `paused by ${by}: ${reason}`, since }
}

function parked(status: RelayStatus): Check {
  const figures = parkedFigures(status)
  const first = status.observation?.parked[0]
  if (!first) return { name: 'parked', state: 'ok', ...figures }
  return { name: 'parked', state: 'failed', reason: first.reason, ...figures }
}

function progress({ waitingSinceMs }: RelayStatus): Check {
  const waitedMs = waitingSinceMs === undefined ? 0 : Math.round(performance.now() - waitingSinceMs)
  if (waitedMs <= progressAlarmMs) return { name: 'progress', state: 'ok' }
  return { name: 'progress', state: 'failed', reason: 'work waits without a confirm', waited_ms: waitedMs }
}

function lease({ role, token, observation }: RelayStatus): Check {
  const owner = observation?.owner
  switch (role) {
    case 'active':
      return { name: 'lease', state: 'ok', role, token, owner }
    case 'standby':
      return { name: 'lease', state: 'ok', role, held_by: owner }
    case 'waiting':
      return { name: 'lease', state: 'failed', role, reason: 'the lease cannot be asked for', held_by: owner }
    default:
      return role satisfies never
  }
}

function delivery({ outage }: RelayStatus): Check {
  if (!outage) return { name: 'delivery', state: 'ok' }
  const { reason, sinceMs, attempts } = outage
  const since = new Date(Date.now() - (performance.now() - sinceMs)).toISOString()
  return { name: 'delivery', state: 'failed', reason, since, attempts }
}

function backlog(status: RelayStatus, alarmMs: number): Check {
  const figures = { events: backlogEvents(status), oldest_age_ms: Math.round(oldestUnpublishedMs(status)) }
  if (figures.oldest_age_ms <= alarmMs) return { name: 'backlog', state: 'ok', ...figures }
  const reason = `an event waits for longer than ${alarmMs} ms`
  return { name: 'backlog', state: 'failed', reason, ...figures }
}

function segments({ observation }: RelayStatus): Check {
  const ahead = observation?.segmentsAhead
  const total = observation?.segments
  if (ahead === undefined || ahead > 1) return { name: 'segments', state: 'ok', ahead, total }
  const reason =
    ahead === 1 ? 'the last segment but one is in use' : 'appends fail when the segment in use is full'
  return { name: 'segments', state: ahead === 1 ? 'degraded' : 'failed', reason, ahead, total }
}

function heartbeat({ role, heartbeat }: RelayStatus, intervalMs: number): Check {
  if (role !== 'active') return { name: 'heartbeat', state: 'ok' }
  const { confirmedAtMs, trouble } = heartbeat
  const age_ms = confirmedAtMs === undefined ? undefined : Math.round(performance.now() - confirmedAtMs)
  const isLate = age_ms !== undefined && age_ms > intervalMs * 3
  if (!trouble && !isLate) return { name: 'heartbeat', state: 'ok', age_ms }
  return { name: 'heartbeat', state: 'failed', reason: trouble ?? 'no heartbeat is sent', age_ms }
}

/** Red within five seconds of what concerns us, and not for one slow window. */
const progressAlarmMs = 4_000
