import { createHttpApp } from '../../shared/http/app.ts'
import { accessOf } from '../../shared/process/access-settings.ts'
import type { Health } from '../../shared/process/health.ts'
import { watchHealth } from '../../shared/process/health-watch.ts'
import { httpServer } from '../../shared/process/http-server.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { answerMetrics, type Metrics } from '../../shared/process/metrics.ts'
import { createMetrics } from '../../shared/process/registry.ts'
import type { Settings } from '../../shared/process/settings.ts'
import { doorbellChannel, leaseChannel } from '../outbox/log.ts'
import type { Aggregate } from '../commit/aggregate.ts'
import { AmqpPublisher } from './amqp-publisher.ts'
import { relayHealth } from './health.ts'
import { listener } from './listener.ts'
import type { LogStore } from './log-store.ts'
import { relayMetrics } from './metrics.ts'
import { poolMetrics } from './pool-metrics.ts'
import { parkingStore } from './parking/parking-store.ts'
import { PostgresLog } from './postgres-log.ts'
import type { Publisher } from './publisher.ts'
import { Relay } from './relay.ts'
import { replayMetrics } from './replay/metrics.ts'
import { PostgresReplays } from './replay/postgres-replays.ts'
import { Replays } from './replay/replays.ts'
import { replaySources } from './replay/source.ts'
import { retentionKeeper } from './retention/keeper.ts'
import type { relaySettings } from './settings.ts'
import { initialStatus, type RelayStatus } from './status.ts'

export interface RelayService {
  /** In the order in which they start. */
  readonly parts: readonly Runnable[]
  readonly health: Health
  readonly status: RelayStatus
  readonly http: { readonly port: number }
  readonly metrics: Metrics
}

/** Wraps a port, to watch or to break it; the identity where left out. */
export interface RelayDecorators {
  readonly store?: (store: LogStore) => LogStore
  readonly publisher?: (publisher: Publisher) => Publisher
}

/** The one builder of a relay, used by `main.ts` and by tests. */
export function createRelayService(
  settings: Settings<typeof relaySettings>,
  aggregates: readonly Aggregate[],
  log: Logger,
  decorators: RelayDecorators = {},
): RelayService {
  const registry = createMetrics('relay')
  const status = initialStatus()
  const postgres = new PostgresLog({
    url: settings.POSTGRES_RELAY_URL,
    statementTimeoutMs: settings.RELAY_STATEMENT_TIMEOUT_MS,
  })
  const rabbit = new AmqpPublisher({
    url: settings.RABBITMQ_URL,
    confirmTimeoutMs: settings.RELAY_CONFIRM_TIMEOUT_MS,
    backoffMaxMs: settings.RELAY_BACKOFF_MAX_MS,
    log,
  })
  const store = decorators.store?.(postgres) ?? postgres
  const publisher = decorators.publisher?.(rabbit) ?? rabbit
  const broker = () => publisher.state

  const metrics = relayMetrics(registry, { status, broker })
  const replayStore = new PostgresReplays({
    url: settings.POSTGRES_RELAY_URL,
    statementTimeoutMs: settings.RELAY_STATEMENT_TIMEOUT_MS,
  })
  poolMetrics(registry, { log: postgres.pool, replays: replayStore.pool })
  const replays = new Replays({
    url: settings.RABBITMQ_URL,
    store: replayStore,
    sources: replaySources(aggregates),
    status,
    metrics: replayMetrics(registry, status),
    log,
    partitions: settings.PARTITIONS,
    windowMax: settings.RELAY_REPLAY_WINDOW,
    windowBytesMax: settings.RELAY_WINDOW_BYTES,
    depthMax: settings.RELAY_REPLAY_DEPTH_MAX,
    confirmTimeoutMs: settings.RELAY_CONFIRM_TIMEOUT_MS,
    backoffMaxMs: settings.RELAY_BACKOFF_MAX_MS,
  })
  const relay = new Relay({
    beside: replays,
    store,
    parking: parkingStore(postgres),
    publisher,
    status,
    metrics,
    log,
    partitions: settings.PARTITIONS,
    windowMax: settings.RELAY_WINDOW,
    windowBytesMax: settings.RELAY_WINDOW_BYTES,
    pollIntervalMs: settings.RELAY_POLL_INTERVAL_MS,
    leaseTtlMs: settings.RELAY_LEASE_TTL_MS,
    heartbeatIntervalMs: settings.RELAY_HEARTBEAT_INTERVAL_MS,
    backoffMaxMs: settings.RELAY_BACKOFF_MAX_MS,
    segmentsAhead: settings.OUTBOX_SEGMENTS_AHEAD,
    segmentRows: settings.OUTBOX_SEGMENT_ROWS,
    parkedMax: settings.RELAY_PARKED_MAX,
  })
  const retention = retentionKeeper({
    url: settings.POSTGRES_OWNER_URL,
    retentionMs: settings.OUTBOX_RETENTION_HOURS * 3_600_000,
    status,
    onDropped: (segments) => metrics.segmentsDropped.inc(segments),
    log,
  })
  const bells = listener({
    url: settings.POSTGRES_RELAY_URL,
    channels: {
      [doorbellChannel]: () => relay.doorbell.ring(),
      [leaseChannel]: () => relay.leaseBell.ring(),
    },
    log,
  })
  const health = relayHealth({
    store,
    status,
    broker,
    backlogAlarmMs: settings.RELAY_BACKLOG_ALARM_MS,
    heartbeatIntervalMs: settings.RELAY_HEARTBEAT_INTERVAL_MS,
  })
  const app = createHttpApp({
    title: 'Relay',
    description: 'Health and metrics of the relay, which publishes the outbox to RabbitMQ.',
    log,
    health,
    metricsText: () => registry.metrics(),
    onAnswer: answerMetrics(registry),
    access: accessOf(settings, log),
    hstsMaxAgeS: settings.HSTS_MAX_AGE_S,
  })
  const watch = watchHealth({ health, metrics: registry, log })
  const http = httpServer({ app, hostname: settings.HOST, port: settings.RELAY_PORT, log })
  return {
    parts: [http, postgres, replayStore, rabbit, bells, retention, relay, watch],
    health,
    status,
    http,
    metrics: registry,
  }
}
