import { expect, test } from 'bun:test'
import { heartbeatOrder, type HeartbeatEntry } from '../heartbeat-records.ts'
import { createCatchUp } from './catch-up.ts'

const entry = (group: string, partition: number, number: number): HeartbeatEntry => ({
  queue: `${group}.${partition}`,
  group,
  partition,
  // The relay's clock is set back meanwhile.
  time: new Date(-number * 1_000).toISOString(),
  order: heartbeatOrder({ term: 1, number, time: '' }),
  head: 0,
  cursor: 0,
})
/** Noted heartbeats of the old and the new generation, for partitions 0 and 1. */
const noted = (old: [number, number], young: [number, number]) => [
  ...old.map((number, partition) => entry('things-g1', partition, number)),
  ...young.map((number, partition) => entry('things-g2', partition, number)),
]

test('is over when every partition of the new generation has had two heartbeats more than the old one at the switch', () => {
  const catchUp = createCatchUp({ from: 'things-g1', to: 'things-g2', partitions: 2 })
  const isOver = (old: [number, number], young: [number, number]) => catchUp.isOver(noted(old, young))
  expect(isOver([10, 10], [10, 8])).toBe(false)
  expect(isOver([10, 10], [10, 10])).toBe(false)
  expect(isOver([12, 12], [12, 10])).toBe(false)
  expect(isOver([14, 14], [14, 12])).toBe(false)
  // Seen again, it is still one.
  expect(isOver([14, 14], [14, 12])).toBe(false)
  expect(isOver([16, 16], [16, 14])).toBe(true)
})
test('is not over while a partition has shown nothing', () => {
  const catchUp = createCatchUp({ from: 'things-g1', to: 'things-g2', partitions: 2 })
  for (const number of [1, 2, 3, 4])
    expect(catchUp.isOver([entry('things-g1', 0, number), entry('things-g2', 0, number)])).toBe(false)
})
