/**
 * The value that `percent` of the values do not exceed, between two neighbours by their distance, as k6 has it.
 * @param sorted ascending
 * @returns undefined where there is no value
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number | undefined {
  if (sorted.length === 0) return undefined
  const place = (percent / 100) * (sorted.length - 1)
  const below = Math.floor(place)
  const lower = sorted[below]!
  const upper = sorted[Math.min(below + 1, sorted.length - 1)]!
  return lower + (upper - lower) * (place - below)
}

/** Three digits are what a measurement is worth; whole above a hundred. */
export function shortNumber(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)))
}

export const sum = (values: Iterable<number>) => {
  let total = 0
  for (const value of values) total += value
  return total
}
