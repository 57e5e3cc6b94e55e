import { describe, expect, test } from 'bun:test'
import { acceptsGzip, negotiated } from './weighted.ts'

const [json, ndjson] = ['application/json', 'application/x-ndjson'] as const

describe('the media type', () => {
  const cases: [string | null, string | undefined][] = [
    [null, json],
    ['*/*', json],
    ['application/*', json],
    [json, json],
    [ndjson, ndjson],
    ['Application/X-NDJSON', ndjson],
    [`${ndjson}, ${json};q=0.5`, ndjson],
    [`${ndjson};q=0.5, ${json}`, json],
    [`${ndjson}, ${json}`, json],
    [`${json};q=0, */*`, ndjson],
    [`${json};q=0.000, application/*;q=0.1`, ndjson],
    [`*/*;q=0.1, ${ndjson};q=0.2`, ndjson],
    [`text/html, */*;q=0.8`, json],
    ['text/html', undefined],
    [`${json};q=0`, undefined],
    ['*/*;q=0', undefined],
    ['', json],
    [`${ndjson};q=high`, ndjson],
    [`${ndjson}; charset=utf-8; q=1`, ndjson],
  ]
  test.each(cases)('for %s: %s', (accept, type) =>
    expect(negotiated(accept, [json, ndjson])).toBe(type as never),
  )
})

describe('gzip', () => {
  const cases: [string | null, boolean][] = [
    [null, false],
    ['', false],
    ['gzip', true],
    ['x-gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['br, deflate', false],
    ['gzip;q=0', false],
    ['gzip;q=0.0, *', false],
    ['*', true],
    ['*;q=0', false],
    ['GZIP ; Q=0.8', true],
    ['identity, gzip;q=0.5', false],
    ['identity;q=0.5, gzip', true],
    ['gzipped', false],
  ]
  test.each(cases)('for %s: %p', (header, accepted) => expect(acceptsGzip(header)).toBe(accepted))
})
