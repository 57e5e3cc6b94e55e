import { expect, test } from 'bun:test'
import { linearScale, logScale, roundStep } from './scale.ts'

test('the ticks of a linear scale are round, from zero to above the highest value', () => {
  const { ticks, at } = linearScale(237, [100, 0])
  expect(ticks).toEqual([0, 50, 100, 150, 200, 250])
  expect([at(0), at(125), at(250)]).toEqual([100, 50, 0])
})

test('small values have ticks without the dust of binary fractions', () => {
  expect(linearScale(0.27, [0, 1]).ticks).toEqual([0, 0.1, 0.2, 0.3])
})

test('nothing but zeros has a scale too', () =>
  expect(linearScale(0, [0, 1]).ticks.at(-1)).toBeGreaterThan(0))

test('a logarithmic scale goes from power to power, each as far from the next', () => {
  const { ticks, at } = logScale([2, 8_000], [0, 400])
  expect(ticks).toEqual([1, 10, 100, 1_000, 10_000])
  expect(ticks.map(at).map(Math.round)).toEqual([0, 100, 200, 300, 400])
  expect(at(0)).toBe(0)
})

test('a short logarithmic scale has ticks between the powers', () =>
  expect(logScale([12, 80], [0, 1]).ticks).toEqual([10, 20, 50, 100]))

test.each([
  [0.3, 0.5],
  [1, 1],
  [13, 20],
  [70, 100],
])('the round step above %p is %p', (step, round) => expect(roundStep(step)).toBe(round))
