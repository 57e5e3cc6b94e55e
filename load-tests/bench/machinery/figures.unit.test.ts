import { describe, expect, test } from 'bun:test'
import { ceiling, median, medianByKey, medianTail, spread, tailOf } from './figures.ts'

describe('what several repetitions are worth', () => {
  test('the median, between the two in the middle where they are even', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 2, 100])).toBe(3)
    expect(() => median([])).toThrow('there is no median of nothing')
  })
  test('the spread is the distance of the ends by the median; of one value there is none', () => {
    expect(spread([90, 110, 100])).toBeCloseTo(0.2)
    expect(spread([5])).toBe(0)
  })
  test('what a part lacks in one repetition counts as nothing there', () => {
    expect(medianByKey([{ a: 1 }, { a: 3, b: 4 }, { a: 2 }])).toEqual({ a: 2, b: 0 })
  })
})

describe('a distribution', () => {
  test('is kept as its percentiles', () => {
    const tail = tailOf(Array.from({ length: 101 }, (_, n) => 100 - n))
    expect([tail['1'], tail['50'], tail['99'], tail['100']]).toEqual([1, 50, 99, 100])
    expect(() => tailOf([])).toThrow('there is no distribution of nothing')
  })
  test('of several has the median of each percentile', () => {
    const tails = [1, 2, 30].map((value) => tailOf([value]))
    expect(medianTail(tails)?.['99']).toBe(2)
    expect(medianTail([])).toBeUndefined()
  })
})

test('the ceiling is what the cores can do for all that is not ours', () => {
  const cpu = { command: 0.3, 'command 2': 5, relay: 1, query: 1, PostgreSQL: 0.1, load: 0.1 }
  expect(ceiling(cpu, 2)).toBeCloseTo(10_000)
  expect(ceiling({ command: 0.3 }, 2)).toBeUndefined()
})
