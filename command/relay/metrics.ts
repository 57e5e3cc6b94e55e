import { counter, gauge, histogram, latencyBuckets, sizeBuckets } from '../../shared/process/metrics.ts'
import type { Metrics } from '../../shared/process/metrics.ts'
import type { BrokerState, Fate } from './publisher.ts'
import { backlogEvents, oldestUnpublishedMs, parkedFigures, pauseOf, type RelayStatus } from './status.ts'

export type RelayMetrics = ReturnType<typeof relayMetrics>

/** Events only, never heartbeats. A returned event is acknowledged by the broker and still not counted as confirmed. */
export function relayMetrics(
  metrics: Metrics,
  { status, broker }: { status: RelayStatus; broker: () => BrokerState },
) {
  const byFate = {
    confirmed: counter(metrics, 'relay_confirmed_total', 'Events confirmed and routed to a queue'),
    returned: counter(metrics, 'relay_returned_total', 'Events returned: no queue was bound for them'),
    nacked: counter(metrics, 'relay_nacked_total', 'Events refused by a queue'),
    unknown: counter(metrics, 'relay_unknown_total', 'Events sent whose confirm never came'),
    unencodable: counter(metrics, 'relay_unencodable_total', 'Events the client could not encode'),
  } satisfies Record<Fate, unknown>

  gauge(metrics, 'relay_backlog_events', 'Head of the log minus cursor', [], (g) =>
    g.set(backlogEvents(status)),
  )
  gauge(
    metrics,
    'relay_oldest_unpublished_age_seconds',
    'Age of the first event after the cursor; 0 when there is none',
    [],
    (g) => g.set(oldestUnpublishedMs(status) / 1000),
  )
  gauge(metrics, 'relay_active', '1 while this relay holds the lease', [], (g) =>
    g.set(status.role === 'active' ? 1 : 0),
  )
  gauge(metrics, 'relay_lease_token', 'Fencing token of the lease held or held last', [], (g) =>
    g.set(status.token),
  )
  gauge(metrics, 'relay_broker_blocked', '1 while the broker blocks publishers', [], (g) =>
    g.set(broker().blocked === undefined ? 0 : 1),
  )
  gauge(metrics, 'relay_paused', '1 while an operator paused the relay', [], (g) =>
    g.set(pauseOf(status) ? 1 : 0),
  )
  gauge(metrics, 'relay_parked_aggregates', 'Aggregates whose events are kept back', [], (g) =>
    g.set(parkedFigures(status).aggregates),
  )
  gauge(metrics, 'relay_parked_events', 'Events that are kept back', [], (g) =>
    g.set(parkedFigures(status).events),
  )
  gauge(
    metrics,
    'relay_heartbeat_confirmed_age_seconds',
    'Since every partition took a heartbeat, of the relay that leads; 0 before the first',
    [],
    (g) => {
      const { confirmedAtMs } = status.heartbeat
      g.set(confirmedAtMs === undefined ? 0 : (performance.now() - confirmedAtMs) / 1000)
    },
  )
  gauge(metrics, 'relay_segments', 'Segments of the log', [], (g) => g.set(status.observation?.segments ?? 0))
  gauge(metrics, 'relay_segments_ahead', 'Segments of the log that are not in use yet', [], (g) =>
    g.set(status.observation?.segmentsAhead ?? 0),
  )
  gauge(metrics, 'relay_log_floor_seq', 'Lowest seq that the log can still hold', [], (g) =>
    g.set(status.observation?.floorSeq ?? 0),
  )

  return {
    published: counter(metrics, 'relay_published_total', 'Events sent, each time they are sent'),
    outages: counter(metrics, 'relay_outages_total', 'Times that delivery stopped and had to be probed'),
    parked: counter(metrics, 'relay_parked_total', 'Events kept back, since their aggregate is parked'),
    released: counter(metrics, 'relay_released_total', 'Parked events that were published after all'),
    discarded: counter(metrics, 'relay_discarded_total', 'Parked events that an operator discarded'),
    segmentsDropped: counter(
      metrics,
      'relay_segments_dropped_total',
      'Segments of the log that were dropped',
    ),
    windowSize: histogram(metrics, 'relay_window_size', 'Events per window', sizeBuckets),
    confirmLatency: histogram(
      metrics,
      'relay_confirm_latency_seconds',
      'From the first byte of a window to the last answer for it',
      latencyBuckets,
    ),
    countFates(fates: readonly Fate[]): void {
      for (const [fate, counted] of Object.entries(byFate)) {
        const count = fates.reduce((sum, found) => (found === fate ? sum + 1 : sum), 0)
        if (count > 0) counted.inc(count)
      }
    },
  }
}
