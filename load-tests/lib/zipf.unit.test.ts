import { expect, test } from 'bun:test'
import { pickByZipf } from './zipf.ts'

const items = Array.from({ length: 1_000 }, (_, n) => n)

test('the first ten of a thousand get a third of the picks, and the nth a part that goes with 1/n', () => {
  const counts = items.map(() => 0)
  const picks = 1_000_000
  for (let n = 0; n < picks; n++) counts[pickByZipf(items, (n + 0.5) / picks)]!++
  const share = (from: number, to: number) => counts.slice(from, to).reduce((a, b) => a + b, 0) / picks
  expect(share(0, 10)).toBeCloseTo(Math.log(11) / Math.log(1_001), 3)
  expect(counts[9]! / counts[99]!).toBeCloseTo(10, 0)
  expect(counts.every((count) => count > 0)).toBe(true)
})

test('the ends of the range are the first and the last', () => {
  expect(pickByZipf(items, 0)).toBe(0)
  expect(pickByZipf(items, 1 - Number.EPSILON)).toBe(999)
  expect(pickByZipf(['only'], 0.999)).toBe('only')
})
