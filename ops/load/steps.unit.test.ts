import { expect, test } from 'bun:test'
import type { Request } from './points.ts'
import { type Step, Steps, holds, kneeOf, verdictOn } from './steps.ts'

const step = (offered: number, p99: number, rest: Partial<Step> = {}): Step => ({
  offered,
  achieved: offered,
  failed: 0,
  dropped: 0,
  latencyMs: { p50: 1, p95: 1, p99, p999: p99, max: p99 },
  fromMs: 0,
  toMs: 1,
  ...rest,
})

test('a hockey stick has its knee where it bends', () =>
  expect(kneeOf([step(100, 10), step(200, 11), step(300, 12), step(400, 14), step(500, 200)])).toBe(400))

test('a curve that bends gently has its knee at its furthest from the straight line', () => {
  const steps = Array.from({ length: 11 }, (_, n) => step(n * 10, n ** 3))
  expect(kneeOf(steps)).toBe(60)
})

test('no knee: a straight line, a curve that bends the other way, too few steps, none that is slower', () => {
  expect(kneeOf([step(1, 1), step(2, 2), step(3, 3)])).toBeUndefined()
  expect(kneeOf([step(1, 1), step(2, 90), step(3, 100)])).toBeUndefined()
  expect(kneeOf([step(1, 1), step(2, 100)])).toBeUndefined()
  expect(kneeOf([step(1, 9), step(2, 8), step(3, 7)])).toBeUndefined()
})

test.each([
  ['in every way', step(100, 99), true],
  ['too slow', step(100, 100), false],
  ['with a failure', step(100, 10, { failed: 1 }), false],
  ['with a journey that could not begin', step(100, 10, { dropped: 1 }), false],
  ['answering too little', step(100, 10, { achieved: 94 }), false],
])('a step %s', (_, one, expected) => expect(holds(one, 100)).toBe(expected))

test('the budget is kept to the step before the first that breaks it', () =>
  expect(
    verdictOn(
      [step(100, 10), step(150, 20), step(225, 300, { achieved: 210 }), step(337, 900, { achieved: 205 })],
      100,
    ),
  ).toEqual({ heldTo: 150, knee: 225, ceiling: 210, isBroken: true }))

test('a hiccup that a faster step does not have is passed over', () =>
  expect(verdictOn([step(100, 10), step(150, 300), step(225, 20), step(337, 500)], 100)).toMatchObject({
    heldTo: 225,
    isBroken: true,
  }))

test('where nothing breaks there is no knee yet, and where the first breaks nothing was kept', () => {
  expect(verdictOn([step(100, 10), step(150, 20)], 100)).toMatchObject({
    heldTo: 150,
    knee: undefined,
    isBroken: false,
  })
  expect(verdictOn([step(100, 500)], 100)).toMatchObject({ heldTo: undefined, isBroken: true })
  expect(verdictOn([], 100)).toMatchObject({ heldTo: undefined, isBroken: false, ceiling: 0 })
})

test('points are sorted into their steps; those of the warming up do not count, dropped journeys do', () => {
  const steps = new Steps()
  const request = (
    scenario: string,
    offered: number,
    timeMs: number,
    rest: Partial<Request> = {},
  ): Request => ({
    kind: 'request',
    timeMs,
    durationMs: 10,
    scenario,
    name: 'r',
    status: 200,
    isOk: true,
    offered,
    phase: 'steady',
    ...rest,
  })
  steps.add(request('step_02', 20, 5_000))
  steps.add(request('step_01', 10, 500, { phase: 'warming', durationMs: 900 }))
  for (let n = 0; n < 10; n++) steps.add(request('step_01', 10, 1_010 + n * 110))
  steps.add(request('step_01', 10, 1_500, { isOk: false, status: 503 }))
  steps.add({ kind: 'dropped', timeMs: 1_600, scenario: 'step_01', count: 2 })
  steps.add({ kind: 'dropped', timeMs: 9_000, scenario: 'step_03', count: 2 })
  expect(steps.steps.map(({ offered }) => offered)).toEqual([10, 20])
  expect(steps.steps[0]).toMatchObject({ achieved: 10, failed: 1, dropped: 2, fromMs: 1_000, toMs: 2_000 })
  expect(steps.steps[0]!.latencyMs!.max).toBe(10)
})
