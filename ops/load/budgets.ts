/** A threshold of k6's, in words. */
export interface Budget {
  of: string
  limit: string
  measured: string
  isMet: boolean
}

/** What a script's `handleSummary` writes. */
export interface Summary {
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
}

export function budgetsOf({ metrics }: Summary): Budget[] {
  const budgets = Object.entries(metrics).flatMap(([metric, { values, thresholds = {} }]) =>
    Object.entries(thresholds).map(([threshold, { ok }]) => inWords(metric, threshold, values, ok)),
  )
  return budgets.toSorted((a, b) => (a.of + a.limit < b.of + b.limit ? -1 : 1))
}

function inWords(metric: string, threshold: string, values: Record<string, number>, isMet: boolean): Budget {
  const [, statistic = '', operator = '', limit = ''] = /^(.*?)\s*([<>=!]=?=?)\s*(.*)$/.exec(threshold) ?? []
  const [, name = metric, scenario] = /^(\w+)(?:\{scenario:(\w+)\})?$/.exec(metric) ?? []
  const { words, unit = '' } = KNOWN[name] ?? { words: name }
  const value = values[statistic]
  return {
    of: [words, scenario && `of ${scenario.replaceAll('_', ' ')}`, percentileOf(statistic)]
      .filter(Boolean)
      .join(' '),
    limit: `${operator === '==' ? 'exactly' : operator} ${limit}${unit}`,
    measured: value === undefined ? '–' : `${Number(value.toPrecision(4))}${unit}`,
    isMet,
  }
}

const percentileOf = (statistic: string) =>
  statistic === 'med' ? 'p50' : statistic.startsWith('p(') && statistic.replace(/[()]/g, '')

const KNOWN: Record<string, { words: string; unit?: string }> = {
  http_req_duration: { words: 'latency', unit: ' ms' },
  visible_since_answer: { words: 'answer to visible', unit: ' ms' },
  http_req_failed: { words: 'part that failed' },
  checks: { words: 'part of the answers that were right' },
  dropped_iterations: { words: 'journeys not begun in time' },
}
