import type { MetricEntry } from './catalogue.ts'

/** What Prometheus' own lint finds, and what we hold beyond it: one sentence for each fault of a name. Pure. */
export function promlint({ name, type, help, labels }: Omit<MetricEntry, 'processes'>): string[] {
  const faults = {
    'is not lower snake case': !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name),
    'is a counter and does not end in _total': type === 'counter' && !name.endsWith('_total'),
    'ends in _total and is no counter': type !== 'counter' && name.endsWith('_total'),
    'ends as only parts of a histogram do': /_(count|sum|bucket)$/.test(name),
    'says its type in its name': /(^|_)(counter|gauge|histogram|summary|metric)(_|$)/.test(name),
    'is not in a base unit': notBaseUnits.test(name),
    'abbreviates its unit': abbreviations.test(name),
    'has its unit elsewhere than at the end': /_(seconds|bytes)_(?!total$|max$)/.test(name),
    'measures a time and does not end in _seconds': /(latency|duration|_age|_lag)($|_(?!seconds))/.test(name),
    'has no help, or not a sentence': !/^[A-Z0-9].*\.$/s.test(help) || help.includes('\n'),
    'has a label of Prometheus': labels.some((label) => reserved.has(label)),
    'has a label that is not lower snake case': labels.some((label) => !/^[a-z]+(_[a-z]+)*$/.test(label)),
    'has a label with a value of its own for each thing': labels.some((label) => unbounded.test(label)),
  }
  return Object.entries(faults).flatMap(([fault, is]) => (is ? [`${name} ${fault}`] : []))
}

const notBaseUnits =
  /_(milliseconds|microseconds|nanoseconds|minutes|hours|days|kilobytes|megabytes|kibibytes|mebibytes|bits|percent)(_|$)/
const abbreviations = /_(ms|us|ns|s|sec|secs|min|kb|mb|b|pct)(_|$)/
const reserved = new Set(['le', 'quantile', 'job', 'instance', 'service'])
const unbounded = /(^|_)(id|email|name|key|seq|url|path|address|message|detail|user)$/
