import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { fold } from './fold.ts'
import type { Change } from './gate.ts'

const change = (id: string, version: number, document: object | null = { version }): Change => ({
  id,
  version,
  document,
  time: '2026-01-02T03:04:05.678Z',
})

test('the highest version of each document wins, sorted by id, with its place in the batch', () => {
  const folded = fold([change('b', 2), change('a', 1), change('b', 3, null), change('a', 2), change('b', 1)])
  expect(folded.map(({ id, version, document, position }) => [id, version, document, position])).toEqual([
    ['a', 2, { version: 2 }, 3],
    ['b', 3, null, 2],
  ])
})

test('of equal versions the first one stands', () => {
  expect(fold([change('a', 1, { first: true }), change('a', 1, { first: false })])).toMatchObject([
    { document: { first: true }, position: 0 },
  ])
})

test('an empty batch folds to nothing', () => {
  expect(fold([])).toEqual([])
})

test('neither order nor duplicates change the outcome', () => {
  const changes = fc.array(
    fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), version: fc.integer({ min: 1, max: 6 }) }),
    { minLength: 1, maxLength: 30 },
  )
  const outcome = (list: Change[]) => fold(list).map(({ id, version }) => `${id}${version}`)
  fc.assert(
    fc.property(
      changes.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
      ),
      ([list, scrambled]) => {
        const make = (items: { id: string; version: number }[]) =>
          items.map(({ id, version }) => change(id, version))
        expect(outcome(make(scrambled))).toEqual(outcome(make(list)))
      },
    ),
    { seed: 20_261_124, numRuns: 300 },
  )
})
