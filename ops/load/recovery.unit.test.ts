import { expect, test } from 'bun:test'
import type { Request } from './points.ts'
import { Spike, recovered, recoveryBudgets, recoveryOf } from './recovery.ts'

test('it is as before from the first of three seconds in a row that are no worse than the worst before', () => {
  expect(recoveryOf([8, 10], [90, 10, 50, 9, 10, 8, 30])).toEqual({ beforeMs: 10, recoveredMs: 3_000 })
  expect(recoveryOf([8, 10], [10, 9, 8])).toEqual({ beforeMs: 10, recoveredMs: 0 })
})

test.each([
  ['two seconds at the end are too few to tell', [50, 9, 9]],
  ['a second without an answer is not as before', [9, undefined, 9, 9, undefined]],
  ['nothing at all', []],
])('not recovered: %s', (_, after) => expect(recoveryOf([10], after).recoveredMs).toBeUndefined())

test('a second with a failure before the spike is no measure, and nothing is as before where there is no measure', () => {
  expect(recoveryOf([Number.POSITIVE_INFINITY, 10], [11, 9, 9, 9]).recoveredMs).toBe(1_000)
  expect(recoveryOf([], [1, 1, 1]).recoveredMs).toBeUndefined()
})

/** Ten answers in each second of that scenario. */
function during(spike: Spike, scenario: string, fromS: number, durationsMs: number[], isOk = true) {
  for (const [n, durationMs] of durationsMs.entries())
    for (let tenth = 0; tenth < 10; tenth++) {
      const timeMs = (fromS + n + tenth / 10) * 1_000 + durationMs
      spike.add({ kind: 'request', scenario, timeMs, durationMs, isOk, status: isOk ? 200 : 503 } as Request)
    }
}

test('a run: the first seconds do not count, probes are apart, and one that failed is not quick', () => {
  const spike = new Spike()
  during(spike, 'before', 0, [70, 60, 10, 20])
  during(spike, 'spike', 4, [60, 90])
  during(spike, 'after', 6, [80, 30, 20, 10, 10, 10])
  for (let at = 0; at < 12; at++) {
    const probe = { scenario: 'probes', timeMs: at * 1_000 + 500, durationMs: at === 6 ? 900 : 5 }
    if (at === 7) during(spike, 'probes', at, [1], false)
    else spike.add({ ...probe, kind: 'visible', since: 'answer', offered: undefined })
  }
  const [latency, visible] = spike.recoveries
  expect(latency).toEqual({ what: 'latency p95', beforeMs: 20, worstMs: 90, recoveredMs: 2_000 })
  expect(visible).toMatchObject({ beforeMs: 5, worstMs: Number.POSITIVE_INFINITY, recoveredMs: 2_000 })
  expect(spike.marks.map(({ text }) => text)).toEqual(['spike', 'over'])
  expect(recoveryBudgets(spike.recoveries).map(({ isMet }) => isMet)).toEqual([true, true])
})

test('in words', () =>
  expect([recovered(0), recovered(2_000), recovered(undefined)]).toEqual([
    'at once',
    '2 s after it',
    'not seen',
  ]))
