import { expect, test } from 'bun:test'
import type { HeartbeatAge } from './pipeline-view.ts'
import { createStaleness } from './staleness.ts'
import { things } from './testing/things.ts'

const nowMs = Date.parse('2026-01-02T03:04:05.000Z')

function setUp(beats: readonly [group: string, ageSeconds: number, sentMsAgo: number][]) {
  let steadyMs = 0
  const heartbeats = () =>
    beats.map(([group, ageSeconds, sentMsAgo], partition) => ({
      group,
      partition,
      ageSeconds,
      time: new Date(nowMs - sentMsAgo).toISOString(),
    })) as unknown as HeartbeatAge[]
  const lag = createStaleness({
    view: { heartbeats },
    serving: () => ({ model: things, before: undefined }),
    partitions: 2,
    clock: { nowMs: () => nowMs, steadyMs: () => steadyMs },
  })
  return { lag: () => lag('things'), pass: (ms: number) => void (steadyMs += ms) }
}

test('the slowest partition of the generation that serves tells, by what was seen here or by when it was sent', () => {
  expect(setUp([['things-g1', 1, 1_200], ['things-g1', 0.2, 300], ['things-g2', 60, 60_000]]).lag()).toBe(1_200) // prettier-ignore
  // The relay's clock is an hour ahead.
  expect(setUp([['things-g1', 1.5, -3_600_000], ['things-g1', 0, -3_600_000]]).lag()).toBe(1_500) // prettier-ignore
})

test('unknown until each partition had a heartbeat', () => {
  expect(setUp([['things-g1', 1, 1_000]]).lag()).toBeUndefined()
})

test('grows between two looks', () => {
  const { lag, pass } = setUp([['things-g1', 1, 1_000], ['things-g1', 1, 1_000]]) // prettier-ignore
  expect(lag()).toBe(1_000)
  pass(40)
  expect(lag()).toBe(1_040)
})
