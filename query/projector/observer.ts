import type { ReplayMarker } from '../../shared/messaging/replay.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { ConsumerOptions } from './consumer.ts'
import type { ProjectorMetrics } from './metrics.ts'
import { createGapWatch } from './gaps.ts'
import type { PipelineView } from './pipeline-view.ts'
import { Poison } from './prepare.ts'
import type { ReplayReason } from './queue-records.ts'
import { queueOf, type PartitionOf } from './topology.ts'

export interface ObserverOptions {
  readonly log: Logger
  readonly metrics: ProjectorMetrics
  readonly view: PipelineView
}

type Hooks = Pick<ConsumerOptions, 'onApplied' | 'onWriteFailed' | 'onParked' | 'onStopped'> & {
  onSubscribed(): void
  onNeed(reason: ReplayReason): void
  onFilled(marker: ReplayMarker): void
}

/** What one partition does, told to log, metrics and the other replicas. Logs ids and never an event's data. */
export function observe({ model, partition, partitions }: PartitionOf, options: ObserverOptions): Hooks {
  const { log, metrics, view } = options
  const { group } = model
  const names = { group, partition }
  const queue = queueOf({ model, partition, partitions })

  let gaps = createGapWatch()
  const reasonOf = ({ code, eventType, eventId, detail }: Poison) => ({
    ...names,
    code,
    type: eventType,
    id: eventId,
    detail,
  })

  return {
    onSubscribed() {
      // Another replica may have had the partition in between.
      gaps = createGapWatch()
    },
    onApplied(done) {
      metrics.applied(group, done)
      const events = []
      for (const item of done.items) {
        if (item instanceof Poison || item.kind !== 'event') continue
        const missing = gaps.see(item.event, item.replay !== undefined)
        if (missing > 0) metrics.missing(group, missing)
        const { aggregateId, version, requestId, traceparent } = item.event
        events.push({ id: aggregateId, version, request_id: requestId, traceparent })
      }
      if (events.length > 0)
        log.debug('applied a batch', { ...names, count: events.length, ...done.outcome, events })
    },
    onWriteFailed(error, nextMs) {
      metrics.writeFailed(group)
      log.warn('a write failed and is tried again', { ...names, next_ms: nextMs, error })
    },
    onParked(poison) {
      metrics.parked(group, poison.code)
      log.error('a message cannot be applied and is parked', reasonOf(poison))
    },
    onStopped(poison, nextMs) {
      const message = 'a message cannot be applied and stops its partition, which has parked all that it may'
      log.error(message, { ...reasonOf(poison), next_ms: nextMs })
    },
    onNeed(reason) {
      metrics.replayNeeded(group, reason)
      if (reason === 'first') log.info('a new queue is to be filled', { ...names, queue })
      else log.error('events of a group are missing until they are replayed', { ...names, queue, reason })
      refresh()
    },
    onFilled({ request, sent }) {
      log.info('a replay has brought what was missing', { ...names, queue, request, sent })
      refresh()
    },
  }

  /** For this replica's alarm; a failure is made good by the next one. */
  function refresh(): void {
    view.refresh().catch(() => {})
  }
}
