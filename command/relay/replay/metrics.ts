import { counter, fromZero, gauge, type Metrics } from '../../../shared/process/metrics.ts'
import type { RelayStatus } from '../status.ts'

export type ReplayMetrics = ReturnType<typeof replayMetrics>

export function replayMetrics(metrics: Metrics, status: RelayStatus) {
  gauge(
    metrics,
    'relay_replays_open',
    'Replays that are asked for and not finished, as the active relay sees them.',
    [],
    (g) => g.set(status.replays.reduce((sum, { requests }) => sum + requests, 0)),
  )
  gauge(
    metrics,
    'relay_replays_held_up',
    'Replays that wait for a queue, its consumers or the broker.',
    [],
    (g) =>
      g.set(
        status.replays.reduce((sum, { requests, reason }) => sum + (reason === undefined ? 0 : requests), 0),
      ),
  )
  return {
    requests: counter(
      metrics,
      'relay_replay_requests_total',
      'Requests taken from the queue: accepted, repeated (known already), refused (impossible) or malformed.',
      ['outcome'],
    ),
    sent: counter(
      metrics,
      'relay_replay_sent_total',
      'Messages of replays that were confirmed, markers included.',
    ),
    skipped: counter(
      metrics,
      'relay_replay_skipped_total',
      'Events of replays that can never be encoded for the broker.',
    ),
    finished: fromZero(
      counter(metrics, 'relay_replays_finished_total', 'Replays that ended: done or failed.', ['outcome']),
      'outcome',
      ['done', 'failed'],
    ),
  }
}
