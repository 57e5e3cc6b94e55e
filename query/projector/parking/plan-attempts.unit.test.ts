import { expect, test } from 'bun:test'
import { planAttempts } from './plan-attempts.ts'

const plan = (fatal: number[], attemptsMax = 3) =>
  planAttempts(['a', 'b', 'c', 'd', 'e'].slice(0, fatal.length), fatal, attemptsMax).map(
    ({ items, isKiller }) => items.join('') + (isKiller ? '!' : ''),
  )

test('what nobody ended over is attempted together, in its order, and all else alone', () => {
  expect(plan([0, 0, 0])).toEqual(['abc'])
  expect(plan([0, 1, 0, 0, 2])).toEqual(['a', 'b', 'cd', 'e'])
  expect(plan([1, 1])).toEqual(['a', 'b'])
})

test('one that saw as many ends as are allowed is to blame, and nobody is for a single one', () => {
  expect(plan([0, 3, 2])).toEqual(['a', 'b!', 'c'])
  expect(plan([1, 2], 1)).toEqual(['a', 'b!'])
})
