import { expect, test } from 'bun:test'
import { array, assert, double, integer, property } from 'fast-check'
import { percentile, shortNumber } from './numbers.ts'

test('a percentile stands between two neighbours by their distance', () => {
  const sorted = [10, 20, 30, 40]
  expect(percentile(sorted, 0)).toBe(10)
  expect(percentile(sorted, 50)).toBe(25)
  expect(percentile(sorted, 90)).toBeCloseTo(37)
  expect(percentile(sorted, 100)).toBe(40)
  expect(percentile([7], 99)).toBe(7)
  expect(percentile([], 50)).toBeUndefined()
})

test('percentiles rise, and none is outside the values', () => {
  const values = array(double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
  assert(
    property(values, integer({ min: 0, max: 100 }), (unsorted, percent) => {
      const sorted = Float64Array.from(unsorted).sort()
      const found = percentile(sorted, percent)!
      expect(found).toBeGreaterThanOrEqual(sorted[0]!)
      expect(found).toBeLessThanOrEqual(sorted.at(-1)! + 1e-6)
      expect(percentile(sorted, Math.max(0, percent - 1))!).toBeLessThanOrEqual(found + 1e-6)
    }),
  )
})

test.each([
  [0, '0'],
  [0.04567, '0.046'],
  [1.234, '1.2'],
  [45.67, '45.7'],
  [250.4, '250'],
  [12_345.6, '12,346'],
])('%p reads %p', (value, text) => expect(shortNumber(value)).toBe(text))
