import { describe, expect, test } from 'bun:test'
import { ifMatchOf, meets } from './if-match.ts'

const versions = (...list: number[]) => ({ kind: 'versions' as const, versions: list })

describe('If-Match', () => {
  for (const [header, expected] of [
    [null, undefined],
    ['*', { kind: 'exists' as const }],
    [' * ', { kind: 'exists' as const }],
    ['"3"', versions(3)],
    ['"3", "12"', versions(3, 12)],
    ['"12","3" ,"12"', versions(3, 12)],
    [', "3",,"4",', versions(3, 4)],
    // Weak, or of another shape: tags that no version has.
    ['W/"3"', versions()],
    ['W/"3", "4"', versions(4)],
    ['"a,b", "4"', versions(4)],
    ['"03"', versions()],
    ['"0"', versions()],
    ['"3-gzip"', versions()],
    ['""', versions()],
    // No list of entity tags at all.
    ['', versions()],
    ['3', versions()],
    ['"3', versions()],
    ['"3" "4"', versions()],
    ['"3", *', versions()],
    ['*, "3"', versions()],
    ['w/"3"', versions()],
    ['"1 2"', versions()],
    ['"9999999999999999"', versions()],
  ] as const)
    test(`${header} is ${JSON.stringify(expected)}`, () => {
      expect(ifMatchOf(header)).toEqual(expected)
    })

  test('a header of its greatest size is read at once', () => {
    const startedAtMs = performance.now()
    ifMatchOf(`${'"1",'.repeat(4_000)}x`)
    ifMatchOf('"'.repeat(16_000))
    ifMatchOf(`"1"${', '.repeat(8_000)}x`)
    ifMatchOf('"",'.repeat(5_000) + ' '.repeat(1_000) + '"')
    expect(performance.now() - startedAtMs).toBeLessThan(200)
  })

  test('is met by any version, by the listed ones, or by none', () => {
    expect(meets({ kind: 'exists' }, 7)).toBe(true)
    expect(meets(versions(3, 7), 7)).toBe(true)
    expect(meets(versions(3), 7)).toBe(false)
    expect(meets(versions(), 7)).toBe(false)
  })
})
