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
    confirmed: counter(
      metrics,
      'relay_confirmed_total',
      'Events that the broker confirmed and routed to at least one queue.',
    ),
    returned: counter(
      metrics,
      'relay_returned_total',
      'Events that the broker returned: no queue was bound for them. They are sent again.',
    ),
    nacked: counter(
      metrics,
      'relay_nacked_total',
      'Events that a queue refused (nack). They are sent again.',
    ),
    unknown: counter(
      metrics,
      'relay_unknown_total',
      'Events whose confirm never came, or that were never sent for want of a connection. They are sent again.',
    ),
    unencodable: counter(
      metrics,
      'relay_unencodable_total',
      'Attempts at events that the client cannot encode for the broker, and never will.',
    ),
  } satisfies Record<Fate, unknown>

  gauge(
    metrics,
    'relay_backlog_events',
    'Head of the log minus cursor: events that are not confirmed yet, and numbers among them that rolled back.',
    [],
    (g) => g.set(backlogEvents(status)),
  )
  gauge(
    metrics,
    'relay_oldest_unpublished_age_seconds',
    'Age of the first event after the cursor as of the last look at the log, at most 2 s ago; 0 when there is none.',
    [],
    (g) => g.set(oldestUnpublishedMs(status) / 1000),
  )
  gauge(
    metrics,
    'relay_active',
    '1 while this relay holds the lease and leads; the sum over all relays is 1.',
    [],
    (g) => g.set(status.role === 'active' ? 1 : 0),
  )
  gauge(
    metrics,
    'relay_lease_token',
    'Fencing token of the lease held, or held last: rises by one at each take-over.',
    [],
    (g) => g.set(status.token),
  )
  gauge(metrics, 'relay_broker_connected', '1 while this relay is connected to the broker.', [], (g) =>
    g.set(broker().connected ? 1 : 0),
  )
  gauge(
    metrics,
    'relay_outage_age_seconds',
    'Since when the broker takes no events and is probed with one message at a time; 0 while events flow.',
    [],
    (g) => g.set(status.outage ? (performance.now() - status.outage.sinceMs) / 1000 : 0),
  )
  gauge(
    metrics,
    'relay_refusing',
    '1 while the guard forbids publishing: the log, the cursor or the cluster is not what it was.',
    [],
    (g) => g.set(status.refusal ? 1 : 0),
  )
  gauge(
    metrics,
    'relay_broker_blocked',
    '1 while the broker blocks publishers (memory or disk alarm).',
    [],
    (g) => g.set(broker().blocked === undefined ? 0 : 1),
  )
  gauge(metrics, 'relay_paused', '1 while an operator has paused the relay.', [], (g) =>
    g.set(pauseOf(status) ? 1 : 0),
  )
  gauge(
    metrics,
    'relay_parked_aggregates',
    'Aggregates that are parked: an event of theirs can never be delivered.',
    [],
    (g) => g.set(parkedFigures(status).aggregates),
  )
  gauge(metrics, 'relay_parked_events', 'Events of parked aggregates that are kept back.', [], (g) =>
    g.set(parkedFigures(status).events),
  )
  gauge(
    metrics,
    'relay_heartbeat_confirmed_age_seconds',
    'Since every partition last took a heartbeat of this relay; 0 before the first.',
    [],
    (g) => {
      const { confirmedAtMs } = status.heartbeat
      g.set(confirmedAtMs === undefined ? 0 : (performance.now() - confirmedAtMs) / 1000)
    },
  )
  gauge(metrics, 'relay_segments', 'Segments of the log, those ahead included.', [], (g) =>
    g.set(status.observation?.segments ?? 0),
  )
  gauge(
    metrics,
    'relay_segments_ahead',
    'Segments of the log that are ready and hold no event yet. At 0 appends fail when the one in use is full.',
    [],
    (g) => g.set(status.observation?.segmentsAhead ?? 0),
  )
  gauge(
    metrics,
    'relay_log_floor_seq',
    'Lowest seq that the log can still hold: what was below has been dropped, and can no longer be replayed.',
    [],
    (g) => g.set(status.observation?.floorSeq ?? 0),
  )

  return {
    published: counter(
      metrics,
      'relay_published_total',
      'Events handed to the broker, each time they are: minus confirmed, it is what was tried in vain.',
    ),
    outages: counter(metrics, 'relay_outages_total', 'Times that the broker took no events, and was probed.'),
    parked: counter(metrics, 'relay_parked_total', 'Events kept back, since their aggregate is parked.'),
    released: counter(metrics, 'relay_released_total', 'Parked events that were published after a release.'),
    discarded: counter(metrics, 'relay_discarded_total', 'Parked events that an operator discarded.'),
    segmentsDropped: counter(
      metrics,
      'relay_segments_dropped_total',
      'Segments of the log that this relay dropped.',
    ),
    windowSize: histogram(
      metrics,
      'relay_window_size',
      'Events in one window, sent and awaited together.',
      sizeBuckets,
    ),
    confirmLatency: histogram(
      metrics,
      'relay_confirm_latency_seconds',
      'From the first byte of a window to the last answer for it.',
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
