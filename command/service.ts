import { createConsistencyTokens } from '../shared/process/consistency-tokens.ts'
import { pageAssets } from '../shared/pages/assets.ts'
import { accessOf } from '../shared/process/access-settings.ts'
import { createHealth, dependency, type Health } from '../shared/process/health.ts'
import { watchHealth } from '../shared/process/health-watch.ts'
import type { Runnable } from '../shared/process/lifecycle.ts'
import type { Logger } from '../shared/process/log.ts'
import { answerMetrics, type Metrics } from '../shared/process/metrics.ts'
import { operatorRoutes } from '../shared/process/operator-server.ts'
import { createMetrics } from '../shared/process/registry.ts'
import type { Settings } from '../shared/process/settings.ts'
import { aggregates, genericAggregates } from './aggregates.ts'
import { createCommandApp } from './app.ts'
import { refuseRepeats } from './commit/idempotency/in-flight.ts'
import { createKeySweep } from './commit/idempotency/sweep.ts'
import { createCommitLoop, type CommitLoop } from './commit/loop.ts'
import { commitMetrics, loopMetrics } from './commit/metrics.ts'
import { createCommitStore } from './commit/store.ts'
import { contractsOf } from './contracts/of.ts'
import { connectDatabase } from './database.ts'
import { poolMetrics } from './pool-metrics.ts'
import { schemaGuard } from './migrations/guard.ts'
import { createDoorbell } from './outbox/doorbell.ts'
import type { commandSettings } from './settings.ts'

export interface CommandService {
  readonly app: ReturnType<typeof createCommandApp>
  readonly loop: CommitLoop
  readonly health: Health
  readonly metrics: Metrics
  /** In the order of their start; the HTTP server comes after them. */
  readonly parts: readonly Runnable[]
}

/** The one wiring of the command side, for `main.ts` and for tests. Connects to nothing yet. */
export function createCommandService(
  settings: Settings<typeof commandSettings>,
  log: Logger,
): CommandService {
  const metrics = createMetrics('command')
  const database = connectDatabase({
    url: settings.POSTGRES_URL,
    aggregates: genericAggregates,
    poolMax: settings.POSTGRES_POOL_MAX,
    log,
  })
  poolMetrics(metrics, { max: settings.POSTGRES_POOL_MAX, figures: () => database.pool })
  const store = createCommitStore({
    orm: database.orm,
    aggregates: genericAggregates,
    keepAnswersS: settings.IDEMPOTENCY_KEEP_S,
  })
  const doorbell = createDoorbell({ url: settings.POSTGRES_URL, log })
  const committed = commitMetrics(metrics)
  const loop = createCommitLoop({
    store,
    aggregates: genericAggregates,
    log,
    metrics: committed,
    ring: doorbell.ring,
    sever: database.sever,
    batchMax: settings.COMMAND_BATCH_MAX,
    queueMax: settings.COMMAND_QUEUE_MAX,
    timeoutMs: settings.COMMAND_TIMEOUT_MS,
    databaseAwayMaxMs: settings.DATABASE_AWAY_MAX_MS,
  })
  loopMetrics(metrics, loop)
  const commands = refuseRepeats(loop, committed.outcome)
  const sweep = createKeySweep({ orm: database.orm, metrics, log })
  const schema = schemaGuard({
    urls: {
      owner: settings.POSTGRES_OWNER_URL,
      command: settings.POSTGRES_URL,
      relay: settings.POSTGRES_RELAY_URL,
    },
    query: (sql) => database.orm.em.execute(sql),
    log,
  })
  const postgresql = dependency('postgresql', 'failed', store.ping)
  const health = createHealth({
    ready: [postgresql, schema.probe, () => room(loop)],
    pipeline: [postgresql, schema.probe],
  })
  const queryPublicUrl = settings.QUERY_PUBLIC_URL
  const operators = operatorRoutes(settings.COMMAND_OPS_PORT, settings.HOST, log)
  const app = createCommandApp({
    commands: { execute: (command) => schema.whenReady(() => commands.execute(command)) },
    tokens: createConsistencyTokens(settings.TOKEN_SECRET),
    idempotencyKeyRequired: settings.IDEMPOTENCY_KEY_REQUIRED === '1',
    ifMatchRequired: settings.IF_MATCH_REQUIRED === '1',
    routes: aggregates.map(({ routes }) => routes),
    contracts: contractsOf(genericAggregates, settings.PARTITIONS),
    newId: () => Bun.randomUUIDv7(),
    queryPublicUrl,
    corsOrigins: settings.CORS_ORIGINS,
    pages: { assets: pageAssets, other: { title: 'Query service', url: queryPublicUrl } },
    log,
    health,
    metricsText: () => metrics.metrics(),
    onAnswer: answerMetrics(metrics),
    bodyBytesMax: settings.BODY_BYTES_MAX,
    access: { ...accessOf(settings, log), ...operators.access },
    hstsMaxAgeS: settings.HSTS_MAX_AGE_S,
  })
  const pool: Runnable = { name: 'database', start() {}, stop: database.close }
  const watch = watchHealth({ health, metrics, log })
  const parts = [pool, schema, doorbell, loop, sweep, watch, ...operators.server(app)]
  return { app, loop, health, metrics, parts }
}

function room(loop: CommitLoop) {
  const waiting = { name: 'commands', waiting: loop.waiting }
  if (loop.accepts) return { ...waiting, state: 'ok' as const }
  return {
    ...waiting,
    state: 'failed' as const,
    reason: 'the queue is full, or PostgreSQL has been away for too long',
  }
}
