import { randomUUID } from 'node:crypto'
import { dependency, type Probe } from '../../shared/process/health.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Metrics } from '../../shared/process/metrics.ts'
import type { BalanceTimes } from './balance/balance.ts'
import { createBalancer } from './balance/balancer.ts'
import { createBroker } from './broker.ts'
import type { CollectionOf } from './collection-of.ts'
import { createFeeds } from './feeds.ts'
import type { Followable } from './generations/generations.ts'
import { partitionProbes, progressProbe } from './health.ts'
import { createProjectorMetrics } from './metrics.ts'
import { joinWrites } from './joined-writer.ts'
import { observe } from './observer.ts'
import { createAttempts } from './parking/attempts.ts'
import { createParking } from './parking/parked-events.ts'
import { createReleases } from './parking/releases.ts'
import { createTurns } from './parking/turns.ts'
import type { ParkedView } from './parking/view.ts'
import type { PartitionState } from './partition-state.ts'
import { createPartition, type Partition } from './partition.ts'
import { pauseProbe, type PauseSwitch } from './pause.ts'
import type { PipelineView } from './pipeline-view.ts'
import type { ReplayReason } from './queue-records.ts'
import type { ProjectorRecords } from './records.ts'
import { createHealer } from './replay/healer.ts'
import { createInspector } from './replay/inspector.ts'
import type { StoreWriter } from './store-writer.ts'
import { createSweeps, type SweepsOptions } from './sweeps.ts'
import type { PartitionOf } from './topology.ts'

export interface ProjectorOptions {
  readonly generations: Followable
  readonly partitions: number
  /** Unique among the replicas. */
  readonly replica: string
  readonly brokerUrl: string
  readonly prefetch: number
  readonly batchMax: number
  readonly stallMs: number
  readonly overdueMs: number
  readonly writer: StoreWriter
  /** See the healer's. */
  readonly patienceMs?: number
  readonly balanceTimes?: BalanceTimes
  readonly records: ProjectorRecords
  readonly view: PipelineView
  readonly parked: ParkedView
  readonly pause: PauseSwitch
  /** Processes that may end over a message before it is parked. */
  readonly attemptsMax: number
  /** Most parked events of one partition. */
  readonly parkedMax: number
  readonly collectionOf: CollectionOf
  readonly pingStore: () => Promise<void>
  readonly settingsOf: SweepsOptions['settingsOf']
  readonly log: Logger
  readonly metrics: Metrics
}

export interface Projector extends Runnable {
  /** @param severity of the broker's absence and of a stall: `failed` where projecting is all that the process does */
  readyProbes(severity: 'degraded' | 'failed'): Probe[]
  readonly pipelineProbes: readonly Probe[]
}

/** Feeds every generation of every read model from its queues. Knows no aggregate: whatever is special about one is in its read model. */
export function createProjector(options: ProjectorOptions): Projector {
  const { replica, log, view } = options
  const broker = createBroker({ url: options.brokerUrl, name: `projector ${replica}`, log })
  const feeds = createFeeds({ ...options, createPartition: partition })
  const { states, places } = feeds
  const metrics = createProjectorMetrics(options.metrics, {
    ...options,
    states,
    groups: () => feeds.models().map(({ group }) => group),
  })
  const { write } = joinWrites({ write: metrics.writing(options.writer.write) })
  const parking = {
    parking: createParking(options.collectionOf, { partitionMax: options.parkedMax }),
    attempts: createAttempts(options.collectionOf, `${replica} ${randomUUID()}`),
    turns: createTurns(),
  }
  const healer = createHealer({
    ...options,
    broker,
    places,
    isSubscribed: (queue) => states.some((state) => state.queue === queue && state.subscribed),
    onRequested: ({ places: [of], reason }) => metrics.replayRequested(of!.model.group, reason),
  })
  const releases = createReleases({
    ...options,
    ...parking,
    models: feeds.models,
    write,
    onReleased: metrics.released,
  })
  const sweeps = createSweeps({ ...options, models: feeds.models, onSwept: metrics.swept })
  const balancer = createBalancer({
    ...options,
    states,
    times: options.balanceTimes,
    handOver(queue) {
      metrics.handedOver(states.find((state) => state.queue === queue)!.group)
      feeds.handOver(queue)
    },
  })
  let watching: ReturnType<typeof setInterval> | undefined

  function partition(of: PartitionOf, state: PartitionState): Partition {
    const observed = observe(of, { log, metrics, view })
    const onNeed = (reason: ReplayReason) => {
      observed.onNeed(reason)
      healer.nudge()
    }
    const quietMs = options.overdueMs / 2
    const made: Partition = createPartition({
      ...options,
      ...parking,
      ...observed,
      onNeed,
      inspector: () =>
        createInspector({
          ...options,
          ...observed,
          of,
          quietMs,
          onStuck: () => made.renew(),
          onMissing: () => onNeed('events-missing'),
        }),
      of,
      state,
      broker,
      write,
      quietMs,
      // The watchdog comes first, at half of it.
      holdMaxMs: Math.max(holdMinMs, 2 * options.stallMs),
    })
    return made
  }

  return {
    name: 'projector',
    async start() {
      await broker.start()
      await healer.start()
      await releases.start()
      await balancer.start()
      await sweeps.start()
      options.generations.follow((models) => feeds.follow(models))
      watching = setInterval(() => feeds.watch(), watchMs(options.stallMs))
    },
    async stop() {
      clearInterval(watching)
      await Promise.all([balancer.stop(), healer.stop(), releases.stop(), sweeps.stop(), feeds.stop()])
      await broker.stop()
    },
    readyProbes: (severity) => [
      dependency('broker', severity, () => broker.ping()),
      progressProbe(states, options.stallMs, severity),
      pauseProbe(options.pause, 'degraded'),
    ],
    pipelineProbes: partitionProbes(states, options.overdueMs),
  }
}

const watchMs = (stallMs: number) => Math.min(1_000, stallMs / 4)
/** The broker looks every few seconds only. */
const holdMinMs = 10_000
