import { expect, test } from 'bun:test'
import { createGapWatch } from './gaps.ts'

const event = (aggregateId: string, version: number) => ({ aggregateId, version })

test('versions that did not come are counted once, and neither a first event nor an old one is a gap', () => {
  const gaps = createGapWatch()
  const seen = [3, 4, 4, 7, 5, 8].map((version) => gaps.see(event('a', version), false))
  expect(seen).toEqual([0, 0, 0, 2, 0, 0])
})

test('what is sent again tells of no gap, and is where counting goes on', () => {
  const gaps = createGapWatch()
  gaps.see(event('a', 1), false)
  expect(gaps.see(event('a', 9), true)).toBe(0)
  expect(gaps.see(event('a', 11), false)).toBe(1)
})

test('it remembers the aggregates that it saw last, and nothing over a pause', () => {
  let nowMs = 0
  const gaps = createGapWatch({ aggregatesMax: 2, quietMs: 10, nowMs: () => nowMs })
  // At least the last two, at most the last four.
  for (const id of ['a', 'b', 'c', 'd', 'e']) gaps.see(event(id, 1), false)
  expect(gaps.see(event('d', 3), false)).toBe(1)
  expect(gaps.see(event('a', 9), false)).toBe(0)
  nowMs = 11
  expect(gaps.see(event('d', 9), false)).toBe(0)
})
