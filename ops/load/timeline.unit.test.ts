import { expect, test } from 'bun:test'
import type { Request } from './points.ts'
import { Timeline } from './timeline.ts'

const request = (timeMs: number, rest: Partial<Request> = {}): Request => ({
  kind: 'request',
  timeMs,
  durationMs: 10,
  scenario: 's',
  name: 'r',
  status: 200,
  isOk: true,
  offered: undefined,
  phase: undefined,
  ...rest,
})

test('seconds are counted from the first answer; those without one are there, the last is not whole', () => {
  const timeline = new Timeline()
  for (const at of [700, 1_600, 690, 3_800, 4_100]) timeline.add(request(at))
  expect(timeline.bySecond().map(({ answered }) => answered)).toEqual([3, 0, 0])
  expect(timeline.total.answered).toBe(5)
})

test('a long run has spans of several seconds, with what came in one of them on average', () => {
  const timeline = new Timeline()
  for (let second = 0; second < 7; second++)
    for (let n = 0; n <= second; n++) timeline.add(request(second * 1_000 + 10, { durationMs: second }))
  timeline.add({ kind: 'dropped', timeMs: 3_500, scenario: 's', count: 3 })
  timeline.add(request(7_020))
  expect(timeline.bySecond(3)).toMatchObject([
    { at: 0, spanS: 3, answered: 2, dropped: 0, latencyMs: { max: 2 } },
    { at: 3, spanS: 3, answered: 5, dropped: 1, latencyMs: { max: 5 } },
  ])
})

test('failures are counted by their status and not as answered; what was dropped is neither', () => {
  const timeline = new Timeline()
  timeline.add(request(0))
  timeline.add(request(1, { isOk: false, status: 503 }))
  timeline.add(request(2, { isOk: false, status: 0 }))
  timeline.add({ kind: 'dropped', timeMs: 3, scenario: 's', count: 4 })
  expect(timeline.total).toMatchObject({ answered: 1, failed: 2, failures: { 503: 1, 0: 1 }, dropped: 4 })
})

test('routes and scenarios have their own figures, in the order of their names', () => {
  const timeline = new Timeline()
  timeline.add(request(0, { name: 'b', durationMs: 1 }))
  timeline.add(request(0, { name: 'a', durationMs: 3 }))
  timeline.add(request(0, { name: 'a', durationMs: 5, scenario: 't' }))
  expect(timeline.byRoute().map(({ name, latencyMs }) => [name, latencyMs?.p50])).toEqual([
    ['a', 4],
    ['b', 1],
  ])
  expect(timeline.byScenario().map(({ name, answered }) => [name, answered])).toEqual([
    ['s', 2],
    ['t', 1],
  ])
})

test('writes that were read back have figures by second and by scenario, and are no requests', () => {
  const timeline = new Timeline()
  const visible = (timeMs: number, since: 'answer' | 'request', durationMs: number) =>
    timeline.add({ kind: 'visible', since, timeMs, durationMs, scenario: 'probes', offered: 20 })
  timeline.add(request(0))
  visible(500, 'answer', 4)
  visible(500, 'request', 9)
  visible(1_500, 'answer', 6)
  timeline.add(request(2_100))
  expect(timeline.bySecond().map(({ visibleMs }) => visibleMs?.max)).toEqual([4, 6])
  expect(timeline.byScenario()[0]).toMatchObject({
    name: 'probes',
    answered: 0,
    visible: 2,
    offered: 20,
    visibleMs: { request: { max: 9 }, answer: { p50: 5, max: 6 } },
  })
  expect(timeline.total.answered).toBe(2)
})

test('nothing at all is an empty run', () => {
  const timeline = new Timeline()
  expect(timeline.bySecond()).toEqual([])
  expect(timeline.total).toMatchObject({ answered: 0, latencyMs: undefined })
})
