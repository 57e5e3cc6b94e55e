import { expect, test } from 'bun:test'
import { preferredWaitS } from './prefer.ts'

const cases: [string | null, number | undefined][] = [
  [null, undefined],
  ['', undefined],
  ['wait=5', 5],
  ['wait=0', 0],
  ['Wait = "10"', 10],
  ['respond-async, wait=10; x=y', 10],
  ['wait=1, wait=9', 1],
  ['wait=soon, wait=9', undefined],
  ['wait', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=5s', undefined],
  ['waiting=5', undefined],
  ['note="a, wait=5"', undefined],
  ['note="a, \\"wait=5", wait=7', 7],
  ['wait=99999999999', undefined],
]
test.each(cases)('%s: %p seconds', (header, seconds) => expect(preferredWaitS(header)).toBe(seconds))
