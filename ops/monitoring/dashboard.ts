/** The rows and panels of the Grafana dashboard; `bun ops/main.ts docs` writes `dashboard.json` from it. */
const rows: readonly Row[] = [
  {
    title: 'Health',
    panels: [
      {
        title: 'Checks that are not ok',
        description: '1 degraded, 2 failed; asked by each process of itself every 5 s.',
        targets: [
          [
            'max by (service, question, check) (health_check_state) > 0',
            '{{service}} {{question}}: {{check}}',
          ],
        ],
      },
      {
        title: 'Commit to visible',
        unit: 's',
        targets: quantiles('projector_visible_latency_seconds', 'group'),
      },
      {
        title: 'Parked, replays, pauses',
        targets: [
          ['max(relay_parked_events)', 'relay: parked events'],
          ['max by (group) (projector_parked_events)', '{{group}}: parked events'],
          ['max(relay_replays_open)', 'replays open'],
          ['max(relay_replays_held_up)', 'replays held up'],
          ['max(relay_paused)', 'relay paused'],
          ['max(projector_paused)', 'projector paused'],
        ],
      },
      {
        title: 'Versions',
        targets: [
          ['count by (service, version, runtime) (build_info)', '{{service}} {{version}} on {{runtime}}'],
        ],
      },
    ],
  },
  {
    title: 'Command',
    panels: [
      {
        title: 'Commands',
        unit: 'ops',
        targets: [['sum by (outcome) (rate(commands_total[$__rate_interval]))', '{{outcome}}']],
      },
      {
        title: 'Answers to writes',
        unit: 's',
        targets: quantiles('http_answer_seconds', 'service', 'service="command", method!="GET"'),
      },
      {
        title: 'Not carried out',
        unit: 'ops',
        targets: [
          ['sum by (reason) (rate(command_failures_total[$__rate_interval]))', '{{reason}}'],
          ['sum by (reason) (rate(commit_retries_total[$__rate_interval]))', 'batch tried again: {{reason}}'],
          ['sum by (found) (rate(commit_unknown_total[$__rate_interval]))', 'unknown commit: {{found}}'],
        ],
      },
      {
        title: 'Commits',
        unit: 's',
        targets: quantiles('commit_seconds', 'service'),
      },
      {
        title: 'Commands per transaction, and waiting',
        targets: [
          [
            'sum(rate(commit_batch_size_sum[$__rate_interval])) / sum(rate(commit_batch_size_count[$__rate_interval]))',
            'per transaction, mean',
          ],
          ['sum(commit_queue_size)', 'waiting'],
          [
            'sum by (reason) (rate(commit_requeued_total[$__rate_interval]))',
            'put off per second: {{reason}}',
          ],
        ],
      },
      {
        title: 'Connections to PostgreSQL',
        targets: [
          ['sum by (state) (postgres_pool_connections)', '{{state}}'],
          ['sum(postgres_pool_waiting)', 'waiting for one'],
          ['sum(postgres_pool_connections_max)', 'most'],
        ],
      },
    ],
  },
  {
    title: 'Relay',
    panels: [
      {
        title: 'Backlog',
        targets: [['max(relay_backlog_events)', 'events']],
      },
      {
        title: 'Age of the oldest unpublished event',
        unit: 's',
        targets: [['max(relay_oldest_unpublished_age_seconds)', 'age']],
      },
      {
        title: 'Events',
        unit: 'ops',
        targets: [
          ['sum(rate(command_events_appended_total[$__rate_interval]))', 'appended'],
          ['sum(rate(relay_published_total[$__rate_interval]))', 'sent'],
          ['sum(rate(relay_confirmed_total[$__rate_interval]))', 'confirmed'],
        ],
      },
      {
        title: 'Confirms of a window',
        unit: 's',
        targets: quantiles('relay_confirm_latency_seconds', 'service'),
      },
      {
        title: 'Events per window',
        targets: quantiles('relay_window_size', 'service'),
      },
      {
        title: 'Parked, released, discarded',
        unit: 'ops',
        targets: [
          ['sum(rate(relay_parked_total[$__rate_interval]))', 'parked'],
          ['sum(rate(relay_released_total[$__rate_interval]))', 'released'],
          ['sum(rate(relay_discarded_total[$__rate_interval]))', 'discarded'],
        ],
      },
      {
        title: 'Statements to PostgreSQL',
        targets: [['sum by (pool) (relay_postgres_statements)', '{{pool}}: without an answer']],
      },
      {
        title: 'Who leads',
        targets: [
          ['sum(relay_active)', 'relays that lead'],
          ['max(relay_lease_token)', 'token'],
          ['max(relay_refusing)', 'refuses'],
        ],
      },
      {
        title: 'The log',
        targets: [
          ['max(relay_segments)', 'segments'],
          ['max(relay_segments_ahead)', 'ahead'],
          ['sum(increase(relay_segments_dropped_total[$__rate_interval]))', 'dropped'],
        ],
      },
      {
        title: 'Replays',
        unit: 'ops',
        targets: [
          ['sum(rate(relay_replay_sent_total[$__rate_interval]))', 'sent'],
          ['sum by (outcome) (rate(relay_replay_requests_total[$__rate_interval]))', 'requests {{outcome}}'],
          ['sum by (outcome) (rate(relay_replays_finished_total[$__rate_interval]))', '{{outcome}}'],
        ],
      },
    ],
  },
  {
    title: 'Broker path',
    panels: [
      {
        title: 'Not taken by the broker',
        unit: 'ops',
        targets: [
          ['sum(rate(relay_returned_total[$__rate_interval]))', 'returned'],
          ['sum(rate(relay_nacked_total[$__rate_interval]))', 'refused by a queue'],
          ['sum(rate(relay_unknown_total[$__rate_interval]))', 'no answer'],
          ['sum(rate(relay_unencodable_total[$__rate_interval]))', 'unencodable'],
        ],
      },
      {
        title: 'Connection and outage',
        targets: [
          ['min(relay_broker_connected)', 'all relays connected'],
          ['max(relay_broker_blocked)', 'blocked'],
          ['max(relay_outage_age_seconds)', 'outage, seconds'],
          ['sum(increase(relay_outages_total[$__rate_interval]))', 'outages'],
        ],
      },
      {
        title: 'Heartbeats through each partition',
        unit: 's',
        targets: [
          ['min by (group, partition) (projector_heartbeat_age_seconds)', '{{group}} {{partition}}'],
          ['max(relay_active * relay_heartbeat_confirmed_age_seconds)', 'confirmed to the relay'],
        ],
      },
      {
        title: 'Consumers',
        targets: [['sum by (group, partition) (projector_consumer_up)', '{{group}} {{partition}}']],
      },
      {
        title: 'Partitions of each projector',
        targets: [
          ['sum without (group, partition) (projector_consumer_active)', '{{instance}}'],
          ['sum by (group) (increase(projector_handovers_total[$__rate_interval]))', '{{group}} handed over'],
        ],
      },
    ],
  },
  {
    title: 'Projector',
    panels: [
      {
        title: 'Lag',
        unit: 's',
        targets: [['max by (group, partition) (projector_lag_seconds)', '{{group}} {{partition}}']],
      },
      {
        title: 'Events applied',
        unit: 'ops',
        targets: [
          ['sum by (group) (rate(projector_events_applied_total[$__rate_interval]))', '{{group}}'],
          [
            'sum by (group) (rate(projector_duplicates_skipped_total[$__rate_interval]))',
            '{{group}}: duplicates',
          ],
          ['sum by (group) (rate(projector_version_gaps_total[$__rate_interval]))', '{{group}}: gaps'],
        ],
      },
      {
        title: 'Writes to the store',
        unit: 's',
        targets: quantiles('projector_write_seconds', 'service'),
      },
      {
        title: 'Events per write',
        targets: quantiles('projector_batch_size', 'group'),
      },
      {
        title: 'Parked, released, failed',
        unit: 'ops',
        targets: [
          [
            'sum by (group, code) (rate(projector_parked_total[$__rate_interval]))',
            '{{group}} parked: {{code}}',
          ],
          ['sum by (group) (rate(projector_released_total[$__rate_interval]))', '{{group}} released'],
          [
            'sum by (group) (rate(projector_write_failures_total[$__rate_interval]))',
            '{{group}} writes that failed',
          ],
        ],
      },
      {
        title: 'What lacks events',
        targets: [
          [
            'max by (group, partition, reason) (projector_replay_needed)',
            '{{group}} {{partition}}: {{reason}}',
          ],
          ['max by (group, partition) (projector_partition_stopped) > 0', '{{group}} {{partition}} stopped'],
          ['max by (group, partition) (projector_careful) > 0', '{{group}} {{partition}} careful'],
        ],
      },
      {
        title: 'Answers to reads',
        unit: 's',
        targets: quantiles(
          'http_answer_seconds',
          'route',
          'service="query", route!~"/?|/(assets|health|metrics|problems|swagger).*"',
        ),
      },
      {
        title: 'Reads that wait for a write',
        targets: [
          ['sum(consistency_reads_waiting)', 'waiting'],
          ['sum(consistency_reads_waiting_max)', 'most'],
        ],
      },
      {
        title: 'Waits for a write',
        unit: 's',
        targets: quantiles('consistency_wait_seconds', 'outcome'),
      },
      {
        title: 'Connections to the store',
        targets: [
          ['sum by (state) (store_pool_connections)', '{{state}}'],
          ['sum(store_pool_waiting)', 'waiting for one'],
          ['sum(store_pool_connections_max)', 'most'],
        ],
      },
    ],
  },
  {
    title: 'Processes',
    panels: [
      {
        title: 'CPU',
        unit: 'percentunit',
        targets: [['sum by (service) (rate(process_cpu_seconds_total[$__rate_interval]))', '{{service}}']],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        targets: [['sum by (service) (process_resident_memory_bytes)', '{{service}}']],
      },
      {
        title: 'Event loop',
        unit: 's',
        targets: quantiles('event_loop_lag_seconds', 'service'),
      },
      {
        title: 'File descriptors',
        targets: [['sum by (service) (process_open_fds)', '{{service}}']],
      },
    ],
  },
]

interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

interface Panel {
  readonly title: string
  readonly description?: string
  /** Grafana's name of it; plain numbers where left out. */
  readonly unit?: 's' | 'ops' | 'bytes' | 'percentunit'
  /** An expression, and how its series are called. */
  readonly targets: readonly (readonly [string, string])[]
}

/** Median and 99th percentile of a histogram. */
function quantiles(name: string, by: string, selector = ''): [string, string][] {
  const rate = `rate(${name}_bucket${selector && `{${selector}}`}[$__rate_interval])`
  return [0.5, 0.99].map((q) => [
    `histogram_quantile(${q}, sum by (${by}, le) (${rate}))`,
    `{{${by}}} p${q * 100}`,
  ])
}

/** Where a panel stands: three to a line. */
const [width, height] = [8, 8]

/** As Grafana imports it. */
export function dashboard(): object {
  const datasource = { type: 'prometheus', uid: '${datasource}' }
  const panels: object[] = []
  let y = 0
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
    })
    for (const [index, panel] of row.panels.entries()) {
      const line = Math.floor(index / 3)
      panels.push({
        id: panels.length + 1,
        type: 'timeseries',
        title: panel.title,
        ...(panel.description ? { description: panel.description } : undefined),
        datasource,
        gridPos: { x: (index % 3) * width, y: y + line * height, w: width, h: height },
        fieldConfig: {
          defaults: { ...(panel.unit ? { unit: panel.unit } : undefined), min: 0 },
          overrides: [],
        },
        options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
        targets: panel.targets.map(([expr, legendFormat], n) => ({
          refId: String.fromCharCode(65 + n),
          datasource,
          expr,
          legendFormat,
        })),
      })
    }
    y += Math.ceil(row.panels.length / 3) * height
  }
  return {
    uid: 'outbox-cqrs',
    title: 'outbox-cqrs',
    description: 'Command, relay, broker path and projector. Made by `bun ops/main.ts docs`.',
    tags: ['outbox-cqrs'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          hide: 0,
        },
      ],
    },
    panels,
  }
}
