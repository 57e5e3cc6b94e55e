import { expect, test } from 'bun:test'
import { type Answer, acknowledgedOf, checkCompleteness, isReadable } from './completeness.ts'

const record = `acknowledged a 1
acknowledged b 1
acknowledged a 3
acknowledged a 2
acknowledged c 1
removing b
acknowledged b removed
acknowledged d 1
removing d
something else`

test('the highest version counts, a removal for good, and of one without an answer nothing is said', () => {
  const { writes, users } = acknowledgedOf(record)
  expect(writes).toBe(7)
  expect([...users]).toEqual([
    ['a', 3],
    ['c', 1],
    ['b', 'removed'],
  ])
})

test('a write that was acknowledged out of order after the removal does not bring the user back', () =>
  expect(acknowledgedOf('acknowledged a removed\nacknowledged a 2').users.get('a')).toBe('removed'))

test.each([
  [2, { status: 200, version: 2 }, true],
  [2, { status: 200, version: 3 }, true],
  [2, { status: 200, version: 1 }, false],
  [2, { status: 404, version: undefined }, false],
  ['removed', { status: 404, version: undefined }, true],
  ['removed', { status: 200, version: 2 }, false],
  ['removed', { status: 503, version: undefined }, false],
] as [number | 'removed', Answer, boolean][])('%p and %p: readable is %p', (wanted, answer, expected) =>
  expect(isReadable(wanted, answer)).toBe(expected),
)

const check = (read: (id: string) => Promise<Answer>, patienceMs = 50) =>
  checkCompleteness({
    record,
    read,
    patienceMs,
    loadEndedAtMs: Date.now(),
    signal: new AbortController().signal,
    onProgress: () => {},
  })

const complete: Record<string, Answer> = {
  a: { status: 200, version: 3 },
  b: { status: 404, version: undefined },
  c: { status: 200, version: 1 },
}

test('what comes later than the end is waited for', async () => {
  let reads = 0
  const found = await check(async (id) => {
    if (++reads < 8 && id === 'a') throw new Error('no answer')
    return complete[id]!
  }, 5_000)
  expect(found).toMatchObject({ acknowledged: 7, users: 3, readable: 3, missing: 0 })
  expect(found.convergedMs).toBeGreaterThan(0)
})

test('what never comes is missing, and there is no time of convergence', async () => {
  const found = await check(async (id) => (id === 'a' ? { status: 200, version: 2 } : complete[id]!))
  expect(found).toMatchObject({ readable: 2, missing: 1, firstMissing: ['a'], convergedMs: undefined })
})
