import { hostname } from 'node:os'
import type { AnyElysia } from 'elysia'
import { createConsistencyTokens } from '../shared/process/consistency-tokens.ts'
import { createHttpApp } from '../shared/http/app.ts'
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
import { createQueryApp } from './app.ts'
import { createDatabase } from './database.ts'
import { storePoolMetrics } from './pool-metrics.ts'
import { createGenerations } from './projector/generations/generations.ts'
import { pipelineProbes } from './projector/health.ts'
import { settingsOf } from './projector/model-settings.ts'
import { createParkedView, parkedProbe } from './projector/parking/view.ts'
import { createPauseSwitch, pauseProbe } from './projector/pause.ts'
import { createPipelineView } from './projector/pipeline-view.ts'
import { createProjector } from './projector/projector.ts'
import { createRecords } from './projector/records.ts'
import { createStaleness } from './projector/staleness.ts'
import { createStoreWriter } from './projector/store-writer.ts'
import { allQueues } from './projector/topology.ts'
import { readModels } from './read-models.ts'
import type { querySettings } from './settings.ts'
import { waitingMetrics } from './waiting/metrics.ts'
import { createNotices } from './waiting/notices.ts'
import { createWaitingRoom } from './waiting/room.ts'

export interface QueryService {
  readonly app: AnyElysia
  /** Where the app is to listen: a projector alone has a port of its own. */
  readonly port: number
  readonly health: Health
  readonly metrics: Metrics
  /** In the order of their start; the HTTP server comes after them. */
  readonly parts: readonly Runnable[]
  /** To be stopped before the HTTP server, which waits for every answer. */
  readonly room: Runnable
}

/** The one wiring of the query side, whichever roles it has. Connects to nothing yet. @param createWriter its gate */
export function createQueryService(
  settings: Settings<typeof querySettings>,
  log: Logger,
  createWriter: typeof createStoreWriter = createStoreWriter,
): QueryService {
  const isApi = settings.QUERY_ROLES.includes('api')
  const metrics = createMetrics(isApi ? 'query' : 'projector')
  const database = createDatabase({
    url: settings.MONGO_URL,
    readModels,
    poolMax: settings.MONGO_POOL_MAX,
    timeoutMs: settings.STORE_TIMEOUT_MS,
    log,
  })
  const { collectionOf, ping } = database
  storePoolMetrics(database.orm.em.getConnection().getClient(), metrics, settings.MONGO_POOL_MAX)
  const records = createRecords(collectionOf)
  const view = createPipelineView(records)
  const parked = createParkedView(collectionOf)
  const pause = createPauseSwitch({ collectionOf, log })
  const notices = createNotices()
  const room = createWaitingRoom(settings.CONSISTENCY_WAITING_MAX)
  const replica = settings.REPLICA_ID || `${hostname()}-${process.pid}`
  const generations = createGenerations({
    readModels,
    partitions: settings.PARTITIONS,
    replica: `${replica} ${settings.QUERY_ROLES.join(' ')}`,
    collectionOf,
    records,
    log,
  })
  const projector = settings.QUERY_ROLES.includes('projector')
    ? createProjector({
        generations,
        partitions: settings.PARTITIONS,
        replica,
        brokerUrl: settings.RABBITMQ_URL,
        prefetch: settings.PROJECTOR_PREFETCH,
        batchMax: settings.PROJECTOR_BATCH_MAX,
        stallMs: settings.PROJECTOR_STALL_MS,
        overdueMs: settings.PIPELINE_OVERDUE_MS,
        writer: notices.noting(createWriter(collectionOf)),
        records,
        view,
        parked,
        pause,
        attemptsMax: settings.PROJECTOR_ATTEMPTS_MAX,
        parkedMax: settings.PROJECTOR_PARKED_MAX,
        collectionOf,
        pingStore: ping,
        settingsOf: (model) => settingsOf(model, settings),
        log,
        metrics,
      })
    : undefined

  const store = dependency('store', 'failed', ping, settings.STORE_TIMEOUT_MS)
  const health = createHealth({
    // A broker that is away takes no traffic away from a process that answers reads.
    ready: [store, ...(projector?.readyProbes(isApi ? 'degraded' : 'failed') ?? [])],
    pipeline: [
      store,
      ...(projector?.pipelineProbes ?? []),
      parkedProbe(parked),
      pauseProbe(pause, 'failed'),
      generations.probe,
      ...pipelineProbes(
        view,
        () => allQueues(generations.fed(), settings.PARTITIONS),
        settings.PIPELINE_OVERDUE_MS,
      ),
    ],
  })
  // A projector's own port has nothing else.
  const operators = operatorRoutes(isApi ? settings.QUERY_OPS_PORT : '', settings.HOST, log)
  const shell = {
    log,
    health,
    metricsText: () => metrics.metrics(),
    onAnswer: answerMetrics(metrics),
    access: { ...accessOf(settings, log), ...operators.access },
    hstsMaxAgeS: settings.HSTS_MAX_AGE_S,
  }
  const app = isApi
    ? createQueryApp({
        ...shell,
        collectionOf,
        serving: generations.serving,
        timeoutMs: settings.STORE_TIMEOUT_MS,
        publicUrl: settings.QUERY_PUBLIC_URL,
        cacheControl: settings.CACHE_CONTROL,
        settings,
        tokens: createConsistencyTokens(settings.TOKEN_SECRET),
        waitDefaultS: settings.CONSISTENCY_WAIT_DEFAULT_S,
        waitMaxS: settings.CONSISTENCY_WAIT_MAX_S,
        room,
        onWaited: waitingMetrics(metrics, room, settings.CONSISTENCY_WAITING_MAX),
        notices,
        lagMs: createStaleness({ view, serving: generations.serving, partitions: settings.PARTITIONS }),
        corsOrigins: settings.CORS_ORIGINS,
        pages: {
          assets: pageAssets,
          other: { title: 'Command service', url: settings.COMMAND_PUBLIC_URL },
        },
      })
    : createHttpApp({
        ...shell,
        title: 'Projector',
        description: 'Health and metrics of a projector that runs alone.',
      })
  return {
    app,
    port: isApi ? settings.QUERY_PORT : settings.PROJECTOR_PORT,
    health,
    metrics,
    room,
    parts: [
      database,
      generations,
      view,
      parked,
      pause,
      ...(projector ? [projector] : []),
      watchHealth({ health, metrics, log }),
      ...operators.server(app),
    ],
  }
}
