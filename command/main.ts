import { createHealth, dependency } from '../shared/process/health.ts'
import { httpServer } from '../shared/process/http-server.ts'
import { runProcess } from '../shared/process/lifecycle.ts'
import { createLogger } from '../shared/process/logger.ts'
import { answerMetrics, createMetrics } from '../shared/process/metrics.ts'
import { settingsOrExit } from '../shared/process/settings.ts'
import { aggregates, genericAggregates } from './aggregates.ts'
import { createCommandApp } from './app.ts'
import { createCommitLoop } from './commit/loop.ts'
import { commitMetrics } from './commit/metrics.ts'
import { createCommitStore } from './commit/store.ts'
import { connectDatabase } from './database.ts'
import { schemaGuard } from './migrations/guard.ts'
import { createDoorbell } from './outbox/doorbell.ts'
import { commandSettings } from './settings.ts'

const settings = settingsOrExit(commandSettings)
const log = createLogger('command', settings.LOG_LEVEL)
const metrics = createMetrics('command')

const database = await connectDatabase({
  url: settings.POSTGRES_URL,
  aggregates: genericAggregates,
  poolMax: settings.POSTGRES_POOL_MAX,
})
const store = createCommitStore({ orm: database.orm, aggregates: genericAggregates })
const doorbell = createDoorbell({ url: settings.POSTGRES_URL, log })
const loop = createCommitLoop({
  store,
  aggregates: genericAggregates,
  log,
  metrics: commitMetrics(metrics),
  ring: doorbell.ring,
  sever: database.sever,
  batchMax: settings.COMMAND_BATCH_MAX,
  queueMax: settings.COMMAND_QUEUE_MAX,
  timeoutMs: settings.COMMAND_TIMEOUT_MS,
  databaseAwayMaxMs: settings.DATABASE_AWAY_MAX_MS,
})
const schema = schemaGuard({
  urls: {
    owner: settings.POSTGRES_OWNER_URL,
    command: settings.POSTGRES_URL,
    relay: settings.POSTGRES_RELAY_URL,
  },
  query: (sql) => database.orm.em.execute(sql),
  log,
})

const health = createHealth({
  ready: [
    dependency('postgresql', 'failed', store.ping),
    schema.probe,
    () => ({
      name: 'commands',
      state: loop.accepts ? 'ok' : 'failed',
      ...(loop.accepts
        ? undefined
        : { reason: 'the queue is full, or PostgreSQL has been away for too long' }),
      waiting: loop.waiting,
    }),
  ],
  pipeline: [dependency('postgresql', 'failed', store.ping), schema.probe],
})
const app = createCommandApp({
  commands: { execute: (command) => schema.whenReady(() => loop.execute(command)) },
  routes: aggregates.map(({ routes }) => routes),
  newId: () => Bun.randomUUIDv7(),
  queryPublicUrl: settings.QUERY_PUBLIC_URL.replace(/\/$/, ''),
  log,
  health,
  metricsText: () => metrics.metrics(),
  onAnswer: answerMetrics(metrics),
  bodyBytesMax: settings.BODY_BYTES_MAX,
})

await runProcess({
  log,
  onStopping: health.stopping,
  parts: [
    { name: 'database', start() {}, stop: database.close },
    schema,
    doorbell,
    loop,
    httpServer({
      app,
      hostname: settings.HOST,
      port: settings.COMMAND_PORT,
      log,
      bodyBytesMax: settings.BODY_BYTES_MAX,
    }),
  ],
})
