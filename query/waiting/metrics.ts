import { gauge, histogram, latencyBuckets, type Metrics } from '../../shared/process/metrics.ts'
import type { WaitingRoom } from './room.ts'
import type { UntilAppliedOptions } from './until-applied.ts'

/** @returns to be told of each read with a token */
export function waitingMetrics(
  metrics: Metrics,
  room: Pick<WaitingRoom, 'size'>,
  placesMax: number,
): NonNullable<UntilAppliedOptions['onWaited']> {
  gauge(metrics, 'consistency_reads_waiting', 'Reads that wait for a write to be applied.', [], (made) =>
    made.set(room.size),
  )
  gauge(
    metrics,
    'consistency_reads_waiting_max',
    'Most reads that wait at once: CONSISTENCY_WAITING_MAX.',
  ).set(placesMax)
  const seconds = histogram(
    metrics,
    'consistency_wait_seconds',
    'What a Consistency-Token adds to a read, by how it ended: applied, parked, timed-out, no-place, left (the reader, or the process stops), failed.',
    latencyBuckets,
    ['outcome'],
  )
  return (outcome, tookS) => seconds.observe({ outcome }, tookS)
}
