import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { metricCatalogue } from './catalogue.ts'
import { expressionFaults } from './check-expression.ts'
import { dashboard } from './dashboard.ts'
import { monitoringDocuments } from './documents.ts'
import { expressionsOf, readAlerts } from './files.ts'

const catalogue = metricCatalogue()
const operating = await readFile(join(import.meta.dirname, '../../docs/operating.md'), 'utf8')
const alerts = readAlerts()

describe('an expression is refused', () => {
  for (const [expr, fault] of [
    ['max(relay_backlog)', 'there is no metric relay_backlog'],
    ['rate(relay_confirm_latency_seconds[5m])', 'is a histogram'],
    ['projector_lag_seconds{queue="a"}', 'has no label queue'],
    ['sum by (partition) (relay_active)', 'nothing has the label partition'],
    ['histogram_quantile(0.5, sum(rate(commit_seconds_bucket[5m])))', 'a quantile needs le kept'],
    ['relay_active_count', 'there is no metric relay_active_count'],
  ] as const)
    test(expr, () => expect(expressionFaults(expr, catalogue).join()).toContain(fault))
  test('what is no PromQL', () => expect(() => expressionFaults('sum((', catalogue)).toThrow('no PromQL'))
})

describe('alerts', () => {
  for (const { alert, expr, labels, annotations, ...rest } of alerts)
    test(`${alert} asks for what there is, and has a runbook`, () => {
      expect(expressionFaults(expr, catalogue)).toEqual([])
      expect(['critical', 'warning']).toContain(labels.severity)
      expect(rest.for ?? '1m').toMatch(/^\d+[smh]$/)
      expect(annotations.summary).toMatch(/^[A-Z].*\.$/)
      const named = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!)
      for (const label of named) if (label !== 'service' || / by /.test(expr)) expect(expr).toContain(label)
      const [file, anchor] = annotations.runbook.split('#')
      expect(file).toBe('docs/operating.md')
      expect(sections().get(anchor!)).toContain(`\`${alert}\``)
    })
  test('have a name each', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
  })
})

test('every panel of the dashboard asks for what there is', () => {
  const expressions = expressionsOf(dashboard())
  expect(expressions.length).toBeGreaterThan(60)
  expect(expressions.flatMap((expr) => expressionFaults(expr, catalogue))).toEqual([])
})

test('every metric that moves is on the dashboard or in an alert', () => {
  const shown = [...expressionsOf(dashboard()), ...alerts.map(({ expr }) => expr)].join('\n')
  const missing = catalogue.filter(
    ({ name }) => !new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(shown),
  )
  expect(missing.map(({ name }) => name)).toEqual(unwatched)
})

/** To look at when something else has called for it. */
const unwatched = [
  'command_idempotency_keys_swept_total',
  'commit_splits_total',
  'relay_log_floor_seq',
  'relay_postgres_connections_max',
  'relay_replay_skipped_total',
  'projector_replays_needed_total',
  'projector_replays_requested_total',
  'projector_swept_documents_total',
  'process_max_fds',
]

test('the dashboard’s file and the table of metrics are what `bun ops/main.ts docs` writes', async () => {
  for (const [path, text] of await monitoringDocuments()) expect(await readFile(path, 'utf8')).toBe(text)
})

/** The text of each section by its anchor, as GitHub makes it. */
function sections(): Map<string, string> {
  return new Map(
    operating.split(/^#{2,4} /m).map((section) => {
      const title = section.slice(0, section.indexOf('\n'))
      const anchor = title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
      return [anchor, section]
    }),
  )
}
