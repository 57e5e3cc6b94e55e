import { describe, expect, test } from 'bun:test'
import { idempotencyKeyOf, idempotencyKeyParameter } from './idempotency-key.ts'

const keyOf = (...values: string[]) => {
  const headers = new Headers()
  for (const value of values) headers.append('idempotency-key', value)
  return idempotencyKeyOf(headers, false)
}
const uuid = '8e03978e-40d5-43dd-bc93-6ae2f5c9a4a5'
const well: [header: string, key: string][] = [
  [`"${uuid}"`, uuid],
  [uuid, uuid],
  [` ${uuid} `, uuid],
  ['"a key, with; all: of it"', 'a key, with; all: of it'],
  [String.raw`"a \"b\" \\c"`, String.raw`a "b" \c`],
  ["!#$%&'()*+-./:<=>?@[]^_`{|}~", "!#$%&'()*+-./:<=>?@[]^_`{|}~"],
  [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
]
const malformed = [
  '',
  '""',
  '"a',
  'a"',
  'a b',
  'a,b',
  '"a", "b"',
  '"a";b=1',
  'a;b',
  String.raw`"a\b"`,
  String.raw`a\b`,
  'käse',
  '"käse"',
  'x'.repeat(256),
]

describe('the header', () => {
  test('is a structured-field string, or the same text without quotes', () => {
    for (const [header, key] of well) expect([header, keyOf(header)]).toEqual([header, key])
    expect(keyOf()).toBeUndefined()
  })
  test('is 400 where it is malformed or sent twice, and says what to send', () => {
    for (const header of malformed)
      expect(() => keyOf(header)).toThrow(expect.objectContaining({ slug: 'idempotency-key-malformed' }))
    expect(() => keyOf(uuid, uuid)).toThrow(/a UUID in double quotes/)
  })
  test('is 400 where it is missing and has to be there', () => {
    expect(() => idempotencyKeyOf(new Headers(), true)).toThrow(
      expect.objectContaining({ slug: 'idempotency-key-missing', status: 400 }),
    )
  })
  test('is described as it is read', () => {
    const { pattern, maxLength } = idempotencyKeyParameter(false).schema
    const fits = (header: string) => new RegExp(pattern).test(header) && header.length <= maxLength
    for (const [header] of well) expect([header, fits(header.trim())]).toEqual([header, true])
    for (const header of malformed.filter(({ length }) => length < 256))
      expect([header, fits(header)]).toEqual([header, false])
  })
})
