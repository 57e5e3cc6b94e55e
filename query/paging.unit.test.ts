import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { HttpProblem } from '../shared/http/problem.ts'
import { decodeCursor, encodeCursor, nextPageUrl, type ListIdentity } from './paging.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const list: ListIdentity = { sort: 'last_name', filters: { email: undefined, last_name: "O'Neil" } }

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof HttpProblem) return error.slug
    throw error
  }
  return 'none'
}
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a cursor', () => {
  test('gives the position back, whatever is in it, and needs no escaping in a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const cursor = encodeCursor(list, { value, id })
        expect(cursor).toMatch(/^[\w-]+$/)
        expect(decodeCursor(list, cursor)).toEqual({ value, id })
      }),
      { seed: 20_261_124, numRuns: 300 },
    )
  })

  test('belongs to its sort and its filters', () => {
    const cursor = encodeCursor(list, { value: 'x', id })
    expect(refusal(() => decodeCursor(list, cursor))).toBe('none')
    expect(refusal(() => decodeCursor({ ...list, sort: '-last_name' }, cursor))).toBe('bad-cursor')
    expect(refusal(() => decodeCursor({ ...list, filters: {} }, cursor))).toBe('bad-cursor')
    expect(refusal(() => decodeCursor({ ...list, filters: { last_name: 'x' } }, cursor))).toBe('bad-cursor')
  })

  test('of another making is refused, and never becomes an operator of the store', () => {
    const [sort, checksum] = JSON.parse(
      Buffer.from(encodeCursor(list, { value: '', id }), 'base64url').toString(),
    )
    const forged = [
      'nonsense',
      '***',
      ` ${base64url([sort, checksum, 'x', id])} `,
      `${base64url([sort, checksum, 'x', id])}\n`,
      '',
      base64url('text'),
      base64url({}),
      base64url([]),
      base64url([sort, checksum, { $gt: '' }, id]),
      base64url([sort, checksum, 'x', { $gt: '' }]),
      base64url([sort, checksum, 'x', 'no-uuid']),
      base64url([sort, checksum, 'x', id, 'more']),
      Buffer.from([0xff, 0xfe]).toString('base64url'),
    ]
    for (const cursor of forged)
      expect([cursor, refusal(() => decodeCursor(list, cursor))]).toEqual([cursor, 'bad-cursor'])
    expect(refusal(() => decodeCursor(list, base64url([sort, checksum, 'x', id])))).toBe('none')
  })
})

test('the next page is the same request with another cursor, at the public address', () => {
  expect(
    nextPageUrl(
      "http://10.0.0.1:3001/users?limit=2&last_name=O'N%20%C3%A9&cursor=old",
      'https://api.example.com',
      'new',
    ),
  ).toBe('https://api.example.com/users?limit=2&last_name=O%27N+%C3%A9&cursor=new')
})
