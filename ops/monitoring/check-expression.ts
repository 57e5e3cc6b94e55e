import type { MetricEntry } from './catalogue.ts'
import { parsePromql } from './promql.ts'

/** What an expression asks for that there is not: one sentence each. Pure. */
export function expressionFaults(expr: string, catalogue: readonly MetricEntry[]): string[] {
  const byName = new Map(catalogue.map((entry) => [entry.name, entry]))
  const { selectors, grouping } = parsePromql(expr)
  const faults: string[] = []
  const known = new Set(['service'])
  for (const { metric, labels } of selectors) {
    const suffix = /_(bucket|sum|count)$/.exec(metric)?.[0] ?? ''
    const histogram = byName.get(metric.slice(0, metric.length - suffix.length))
    const entry = suffix && histogram?.type === 'histogram' ? histogram : byName.get(metric)
    if (!entry) {
      faults.push(`there is no metric ${metric}`)
      continue
    }
    if (entry.type === 'histogram' && suffix === '')
      faults.push(`${metric} is a histogram: _bucket, _sum or _count`)
    const has = new Set(['service', ...entry.labels, ...(suffix === '_bucket' ? ['le'] : [])])
    for (const label of labels) if (!has.has(label)) faults.push(`${metric} has no label ${label}`)
    for (const label of has) known.add(label)
  }
  for (const label of grouping)
    if (!known.has(label)) faults.push(`nothing has the label ${label} to group by`)
  if (/histogram_quantile/.test(expr) && !grouping.includes('le')) faults.push('a quantile needs le kept')
  return faults
}
