import { describe, expect, test } from 'bun:test'
import type { Stored } from './reads.ts'
import { ndjsonAnswer, streamPageSize } from './stream.ts'

type Thing = Stored<object>

/** A list of so many documents, and how many pages of it were asked for. */
function setUp(count: number, { limit = Number.POSITIVE_INFINITY, failAt = Number.POSITIVE_INFINITY } = {}) {
  const all = Array.from({ length: count }, (_, index): Thing => ({ _id: String(index), version: index + 1 }))
  let pages = 1
  const answer = ndjsonAnswer<object>({
    first: all.slice(0, streamPageSize),
    async next(last) {
      pages++
      if (pages > failAt) throw new Error('the store is away')
      const from = Number(last._id) + 1
      return all.slice(from, from + streamPageSize)
    },
    show: ({ _id, version }) => ({ id: _id, version }),
    limit,
  })
  return { answer, all, pages: () => pages }
}

const ids = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: string }).id)

describe('a list as a stream', () => {
  const sizes = [0, 1, streamPageSize - 1, streamPageSize, streamPageSize + 1, 3 * streamPageSize, 1_234]
  test.each(sizes)('of %d documents has each of them once, in a line with its end', async (count) => {
    const { answer, all } = setUp(count)
    const text = await answer.text()
    expect(ids(text)).toEqual(all.map(({ _id }) => _id))
    expect(text === '' || text.endsWith('\n')).toBe(true)
  })
  test.each([1, streamPageSize, streamPageSize + 1, 5_000])('ends after a limit of %d', async (limit) => {
    const { answer, pages } = setUp(1_200, { limit })
    expect(ids(await answer.text()).length).toBe(Math.min(limit, 1_200))
    expect(pages()).toBe(Math.min(3, Math.ceil(limit / streamPageSize)))
  })
})

test('a page is read when the one before it was taken, and none once the reader has left', async () => {
  const { answer, pages } = setUp(10 * streamPageSize)
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
  const reader = answer.body!.getReader()
  for (const taken of [1, 2, 3]) {
    await reader.read()
    await new Promise(setImmediate)
    expect(pages()).toBe(taken)
  }
  await reader.cancel()
  await new Promise(setImmediate)
  expect(pages()).toBe(3)
})

test('a failure in the middle is no end', async () => {
  const { answer } = setUp(10 * streamPageSize, { failAt: 3 })
  const reader = answer.body!.getReader()
  for (let page = 0; page < 3; page++) expect((await reader.read()).done).toBe(false)
  expect(await reader.read().catch((error: Error) => error.message)).toBe('the store is away')
})
