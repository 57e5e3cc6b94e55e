import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withBlock } from '../blocks.ts'
import { metricCatalogue, type MetricEntry } from './catalogue.ts'
import { dashboard } from './dashboard.ts'
import { dashboardPath, readAlerts, type Alert } from './files.ts'

const operatingPath = join(import.meta.dirname, '../../docs/operating.md')

/** The generated documents of monitoring by path, as they should be. */
export async function monitoringDocuments(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(operatingPath, 'utf8')
  return new Map([
    [operatingPath, withBlock(text, 'metrics', metricTable(metricCatalogue(), readAlerts()))],
    [dashboardPath, `${JSON.stringify(dashboard(), null, 2)}\n`],
  ])
}

function metricTable(catalogue: readonly MetricEntry[], alerts: readonly Alert[]): string {
  const rows = catalogue.map(({ name, type, labels, processes, help }) => {
    const watching = alerts.filter(({ expr }) => new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(expr))
    const links = watching.map(
      ({ alert, annotations }) => `[${alert}](#${annotations.runbook.split('#')[1]})`,
    )
    const cells = [
      `\`${name}\``,
      `${type}, ${unitOf(name, type)}`,
      labels.map((label) => `\`${label}\``).join(' '),
      processes.length === 3 ? 'all' : processes.join(', '),
      help,
      links.join(', '),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const titles = '| metric | type, unit | labels | process | what it tells | alerts |'
  return [titles, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}

function unitOf(name: string, type: MetricEntry['type']): string {
  const unit = /_(seconds|bytes)(_total|_max)?$/.exec(name)?.[1]
  if (unit) return unit
  return type === 'histogram' || type === 'counter' ? 'count' : 'number'
}
