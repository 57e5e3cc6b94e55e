import { hostname } from 'node:os'
import { createHttpApp } from '../shared/http/app.ts'
import { createHealth, dependency } from '../shared/process/health.ts'
import { httpServer } from '../shared/process/http-server.ts'
import { runProcess } from '../shared/process/lifecycle.ts'
import { createLogger } from '../shared/process/logger.ts'
import { answerMetrics, createMetrics } from '../shared/process/metrics.ts'
import { settingsOrExit } from '../shared/process/settings.ts'
import { createQueryApp } from './app.ts'
import { createDatabase } from './database.ts'
import { pipelineProbes } from './projector/health.ts'
import { createPipelineView } from './projector/pipeline-view.ts'
import { createProjector } from './projector/projector.ts'
import { createRecords } from './projector/records.ts'
import { createStoreWriter } from './projector/store-writer.ts'
import { allQueues } from './projector/topology.ts'
import { readModels } from './read-models.ts'
import { querySettings } from './settings.ts'

const settings = settingsOrExit(querySettings)
const isApi = settings.QUERY_ROLES.includes('api')
const isProjector = settings.QUERY_ROLES.includes('projector')
const log = createLogger(isApi ? 'query' : 'projector', settings.LOG_LEVEL)
const metrics = createMetrics(isApi ? 'query' : 'projector')

const database = createDatabase({
  url: settings.MONGO_URL,
  readModels,
  poolMax: settings.MONGO_POOL_MAX,
  timeoutMs: settings.STORE_TIMEOUT_MS,
  log,
})
const { collectionOf } = database
const records = createRecords(collectionOf)
const view = createPipelineView(records)
const projector = isProjector
  ? createProjector({
      readModels,
      partitions: settings.PARTITIONS,
      replica: settings.REPLICA_ID || `${hostname()}-${process.pid}`,
      brokerUrl: settings.RABBITMQ_URL,
      prefetch: settings.PROJECTOR_PREFETCH,
      batchMax: settings.PROJECTOR_BATCH_MAX,
      stallMs: settings.PROJECTOR_STALL_MS,
      overdueMs: settings.PIPELINE_OVERDUE_MS,
      writer: createStoreWriter(collectionOf),
      records,
      view,
      collectionOf,
      pingStore: database.ping,
      log,
      metrics,
    })
  : undefined

const store = dependency('store', 'failed', database.ping, settings.STORE_TIMEOUT_MS)
const health = createHealth({
  // A broker that is away takes no traffic away from a process that answers reads.
  ready: [store, ...(projector?.readyProbes(isApi ? 'degraded' : 'failed') ?? [])],
  pipeline: [
    store,
    ...(projector?.pipelineProbes ?? []),
    ...pipelineProbes(view, allQueues(readModels, settings.PARTITIONS), settings.PIPELINE_OVERDUE_MS),
  ],
})
const shell = { log, health, metricsText: () => metrics.metrics(), onAnswer: answerMetrics(metrics) }
const app = isApi
  ? createQueryApp({
      ...shell,
      collectionOf,
      timeoutMs: settings.STORE_TIMEOUT_MS,
      publicUrl: settings.QUERY_PUBLIC_URL.replace(/\/$/, ''),
    })
  : createHttpApp({
      ...shell,
      title: 'Projector',
      description: 'Health and metrics of a projector that runs alone.',
    })
const port = isApi ? settings.QUERY_PORT : settings.PROJECTOR_PORT

await runProcess({
  log,
  onStopping: health.stopping,
  parts: [
    database,
    view,
    ...(projector ? [projector] : []),
    httpServer({ app, hostname: settings.HOST, port, log, bodyBytesMax: 65_536 }),
  ],
})
