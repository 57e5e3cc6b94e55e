import type { Gauge } from 'prom-client'
import {
  counter,
  gauge,
  histogram,
  latencyBuckets,
  sizeBuckets,
  type Metrics,
} from '../../shared/process/metrics.ts'
import type { Done } from './consumer.ts'
import type { ParkedView } from './parking/view.ts'
import { lagSeconds, type PartitionState } from './partition-state.ts'
import type { PauseSwitch } from './pause.ts'
import type { PipelineView } from './pipeline-view.ts'
import { Poison } from './prepare.ts'
import type { ReplayReason } from './queue-records.ts'
import type { StoreWriter } from './store-writer.ts'

export interface ProjectorMetrics {
  /** The same, measured. */
  writing(write: StoreWriter['write']): StoreWriter['write']
  applied(group: string, done: Done): void
  parked(group: string, code: string): void
  released(group: string, count: number): void
  /** Versions that were expected before one that came. */
  missing(group: string, count: number): void
  writeFailed(group: string): void
  handedOver(group: string): void
  swept(group: string, documents: number): void
  replayNeeded(group: string, reason: ReplayReason): void
  replayRequested(group: string, reason: ReplayReason): void
}

/** What is read at every scrape. */
export interface ProjectorGauges {
  readonly states: readonly PartitionState[]
  readonly groups: () => readonly string[]
  readonly view: Pick<PipelineView, 'heartbeats' | 'queues'>
  readonly parked: Pick<ParkedView, 'counts'>
  readonly pause: Pick<PauseSwitch, 'paused'>
}

export function createProjectorMetrics(
  metrics: Metrics,
  { states, groups, view, parked, pause }: ProjectorGauges,
): ProjectorMetrics {
  gauge(
    metrics,
    'projector_lag_seconds',
    'Now minus the time of the oldest event that was delivered and is not in the store; 0 when there is none.',
    ['group', 'partition'],
    (made) => each(made, states, (state) => lagSeconds(state)),
  )
  gauge(
    metrics,
    'projector_partition_stopped',
    '1 where a message that cannot be applied stops the partition, which has parked all that it may.',
    ['group', 'partition'],
    (made) => each(made, states, (state) => (state.poison ? 1 : 0)),
  )
  gauge(
    metrics,
    'projector_parked_events',
    'Events that could not be applied and wait for an operator, whichever replica parked them.',
    ['group'],
    (made) => {
      made.reset()
      for (const group of groups()) made.set({ group }, parked.counts().get(group) ?? 0)
    },
  )
  gauge(metrics, 'projector_paused', '1 while an operator has paused projecting.', [], (made) =>
    made.set(pause.paused ? 1 : 0),
  )
  gauge(
    metrics,
    'projector_careful',
    '1 where events are applied carefully, since some process may have ended over one of them.',
    ['group', 'partition'],
    (made) => each(made, states, (state) => (state.careful ? 1 : 0)),
  )
  gauge(
    metrics,
    'projector_consumer_up',
    '1 where this process has a consumer on the queue, active or standing by.',
    ['group', 'partition'],
    (made) => each(made, states, (state) => (state.subscribed ? 1 : 0)),
  )
  gauge(
    metrics,
    'projector_consumer_active',
    '1 where the broker delivers to this process: over all replicas, who has which partition.',
    ['group', 'partition'],
    (made) => each(made, states, (state) => (state.activeSinceMs === undefined ? 0 : 1)),
  )
  const handovers = counter(
    metrics,
    'projector_handovers_total',
    'Partitions that this process handed over to the live replica that the hash prefers.',
    ['group'],
  )
  gauge(
    metrics,
    'projector_heartbeat_age_seconds',
    "Age of the relay's last heartbeat that came through the partition, to any replica.",
    ['group', 'partition'],
    (made) => {
      made.reset()
      for (const { group, partition, ageSeconds } of view.heartbeats())
        made.set({ group, partition }, ageSeconds)
    },
  )
  const latency = histogram(
    metrics,
    'projector_visible_latency_seconds',
    "From the event's append in PostgreSQL (its time) to its being in the store; what is replayed is left out.",
    latencyBuckets,
    ['group'],
  )
  const batchSize = histogram(
    metrics,
    'projector_batch_size',
    'Events that one partition had for one write.',
    sizeBuckets,
    ['group'],
  )
  const events = counter(
    metrics,
    'projector_events_applied_total',
    'Events that are in the store, those that changed nothing included.',
    ['group'],
  )
  const skipped = counter(
    metrics,
    'projector_duplicates_skipped_total',
    'Events that changed nothing: a newer one was in the batch, or in the store (FerretDB tells of the batch only).',
    ['group'],
  )
  const failures = counter(
    metrics,
    'projector_write_failures_total',
    'Attempts at writing to the store that failed; each is tried again.',
    ['group'],
  )
  gauge(
    metrics,
    'projector_replay_needed',
    '1 where a queue lacks events that a replay has to bring, as any replica noted it: first, queue-lost, store-lost, events-missing.',
    ['group', 'partition', 'reason'],
    (made) => {
      made.reset()
      for (const { group, partition, replay } of view.queues())
        if (replay) made.set({ group, partition, reason: replay.reason }, 1)
    },
  )
  const needed = counter(
    metrics,
    'projector_replays_needed_total',
    'Times that this process noticed that a queue lacks events: first (a new queue), queue-lost, store-lost, events-missing.',
    ['group', 'reason'],
  )
  const requested = counter(
    metrics,
    'projector_replays_requested_total',
    'Replays that this process asked the relay for.',
    ['group', 'reason'],
  )

  const parkings = counter(
    metrics,
    'projector_parked_total',
    'Messages that could not be applied and were parked, by the reason.',
    ['group', 'code'],
  )
  const released = counter(
    metrics,
    'projector_released_total',
    "Parked events that were applied at an operator's request.",
    ['group'],
  )
  const gaps = counter(
    metrics,
    'projector_version_gaps_total',
    'Versions missing between two events of one aggregate that one consumer saw; they may come later.',
    ['group'],
  )

  const sweeps = counter(
    metrics,
    'projector_swept_documents_total',
    "Documents that a read model's own rules changed as time went on: values erased from a history.",
    ['group'],
  )

  const writes = histogram(
    metrics,
    'projector_write_seconds',
    'Duration of one write to the store that succeeded: to one collection, of all partitions that had something for it.',
    latencyBuckets,
  )

  return {
    writing(write) {
      return async (...args) => {
        const startedAtMs = performance.now()
        const outcome = await write(...args)
        writes.observe((performance.now() - startedAtMs) / 1000)
        return outcome
      }
    },
    applied(group, { items, outcome }) {
      const nowMs = Date.now()
      let count = 0
      for (const item of items) {
        if (item instanceof Poison || item.kind !== 'event') continue
        count++
        // What is sent again is old by nature.
        if (item.replay === undefined)
          latency.observe({ group }, Math.max(0, nowMs - Date.parse(item.event.time)) / 1000)
      }
      if (count === 0) return
      batchSize.observe({ group }, count)
      events.inc({ group }, count)
      skipped.inc({ group }, count - outcome.applied)
    },
    writeFailed: (group) => failures.inc({ group }),
    handedOver: (group) => handovers.inc({ group }),
    replayNeeded: (group, reason) => needed.inc({ group, reason }),
    replayRequested: (group, reason) => requested.inc({ group, reason }),
    parked: (group, code) => parkings.inc({ group, code }),
    released: (group, count) => released.inc({ group }, count),
    swept: (group, documents) => sweeps.inc({ group }, documents),
    missing: (group, count) => gaps.inc({ group }, count),
  }
}

/** One value for each partition; those of a generation that is no longer fed are gone. */
function each(
  made: Gauge<'group' | 'partition'>,
  states: readonly PartitionState[],
  valueOf: (state: PartitionState) => number,
): void {
  made.reset()
  for (const state of states) made.set({ group: state.group, partition: state.partition }, valueOf(state))
}
