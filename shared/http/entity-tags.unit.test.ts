import { describe, expect, test } from 'bun:test'
import { matchesNone, parseEntityTags } from './entity-tags.ts'

describe('a list of entity tags', () => {
  const read: [string, unknown][] = [
    ['*', '*'],
    [' * ', '*'],
    ['"3"', [['3', false]]],
    ['W/"3"', [['3', true]]],
    [
      '"1", W/"2" ,"3"',
      [
        ['1', false],
        ['2', true],
        ['3', false],
      ],
    ],
    ['"a,b"', [['a,b', false]]],
    ['""', [['', false]]],
    [
      ',"1",,"2",',
      [
        ['1', false],
        ['2', false],
      ],
    ],
  ]
  test.each(read)('%s', (header, expected) => {
    const tags = parseEntityTags(header)
    expect(typeof tags === 'object' ? tags.map(({ value, isWeak }) => [value, isWeak]) : tags).toEqual(
      expected as never,
    )
  })
  test.each(['', ',', '3', '"3', 'w/"3"', '"3" "4"', '*, "3"', '"a"b"', "'3'", '"\u0000"'])(
    'none: %j',
    (header) => expect(parseEntityTags(header)).toBeUndefined(),
  )
})

describe('If-None-Match', () => {
  const cases: [string, string, boolean][] = [
    ['"3"', '"3"', true],
    ['W/"3"', '"3"', true],
    ['"3"', 'W/"3"', true],
    ['"1", "3"', '"3"', true],
    ['*', '"3"', true],
    ['"30"', '"3"', false],
    ['3', '"3"', false],
    ['"3", x', '"3"', false],
  ]
  test.each(cases)('%s of %s: %p', (header, etag, matches) => expect(matchesNone(header, etag)).toBe(matches))
})
