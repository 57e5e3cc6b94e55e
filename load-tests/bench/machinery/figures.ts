import { percentile, sum } from '../../../ops/report/numbers.ts'

/** @throws RangeError of no values */
export function median(values: readonly number[]): number {
  const middle = percentile(
    values.toSorted((a, b) => a - b),
    50,
  )
  if (middle === undefined) throw new RangeError('there is no median of nothing')
  return middle
}

/** How far apart the highest and the lowest are, as a part of the median. */
export const spread = (values: readonly number[]): number =>
  values.length < 2 ? 0 : (Math.max(...values) - Math.min(...values)) / (median(values) || 1)

/** Percentiles of something that was timed, as few numbers as draw the curve of its distribution. */
export type Tail = Readonly<Record<(typeof tailPercents)[number], number>>
export const tailPercents = ['1', '10', '25', '50', '75', '90', '95', '99', '99.5', '99.9', '100'] as const

export function tailOf(values: readonly number[]): Tail {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) throw new RangeError('there is no distribution of nothing')
  return Object.fromEntries(
    tailPercents.map((percent) => [percent, percentile(sorted, Number(percent))]),
  ) as Tail
}

/** Each percentile's median over several distributions. */
export function medianTail(tails: readonly Tail[]): Tail | undefined {
  if (tails.length === 0) return undefined
  return Object.fromEntries(
    tailPercents.map((percent) => [percent, median(tails.map((tail) => tail[percent]))]),
  ) as Tail
}

/** The same keys as any of them has; what one lacks counts as nothing there. */
export function medianByKey(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const keys = new Set(records.flatMap((record) => Object.keys(record)))
  return Object.fromEntries([...keys].map((key) => [key, median(records.map((record) => record[key] ?? 0))]))
}

/** Parts that are the project's own; all else would be there whatever was in its place. */
const OURS = /^(command|relay|query)( \d+)?$/

/**
 * The most operations a second that the machine has CPU for, were ours free: its cores by what everything else takes of
 * them for one.
 * @param cpuMs by part, of one operation
 */
export function ceiling(cpuMs: Readonly<Record<string, number>>, cores: number): number | undefined {
  const others = sum(Object.entries(cpuMs).flatMap(([part, ms]) => (OURS.test(part) ? [] : [ms])))
  return others > 0 ? (cores * 1_000) / others : undefined
}
