import { sum } from '../report/numbers.ts'

/** Prometheus' kind: how many were up to this many seconds. */
export type Histogram = { upTo: number; count: number }[]

/** The sum over all labels of one histogram in Prometheus' text format. */
export function histogramOf(text: string, name: string): Histogram {
  const counts = new Map<number, number>()
  for (const [, bound, value] of text.matchAll(
    new RegExp(`^${name}_bucket\\{[^}]*?le="([^"]+)"[^}]*\\} (\\S+)`, 'gm'),
  )) {
    const upTo = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
    counts.set(upTo, (counts.get(upTo) ?? 0) + Number(value))
  }
  return [...counts].map(([upTo, count]) => ({ upTo, count })).toSorted((a, b) => a.upTo - b.upTo)
}

export const subtracted = (now: Histogram, before: Histogram): Histogram =>
  now.map(({ upTo, count }, n) => ({ upTo, count: Math.max(0, count - (before[n]?.count ?? 0)) }))

/** The sum of what came in several samples. */
export function merged(histograms: readonly Histogram[]): Histogram {
  const bounds = histograms[0] ?? []
  return bounds.map(({ upTo }, n) => ({ upTo, count: sum(histograms.map((one) => one[n]?.count ?? 0)) }))
}

/** As Prometheus' `histogram_quantile` has it: evenly spread within a bucket. @returns undefined where nothing came */
export function quantileSeconds(histogram: Histogram, percent: number): number | undefined {
  const total = histogram.at(-1)?.count ?? 0
  if (total === 0) return undefined
  const rank = (percent / 100) * total
  const index = histogram.findIndex(({ count }) => count >= rank)
  const { upTo, count } = histogram[index]!
  const below = histogram[index - 1] ?? { upTo: 0, count: 0 }
  if (!Number.isFinite(upTo)) return below.upTo
  return below.upTo + (upTo - below.upTo) * ((rank - below.count) / (count - below.count || 1))
}
