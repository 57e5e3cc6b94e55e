import { expect, test } from 'bun:test'
import type { Sample } from './sampler.ts'
import { seenUntil } from './seen.ts'

const sample = (timeMs: number, cores: number, backlogEvents: number, below10Ms: number): Sample => ({
  timeMs,
  cores: { query: cores },
  coresBusy: cores * 2,
  rssMb: { query: timeMs / 1_000 },
  backlogEvents,
  lagSeconds: undefined,
  visible: [
    { upTo: 0.01, count: below10Ms },
    { upTo: 0.02, count: 10 },
    { upTo: Number.POSITIVE_INFINITY, count: 10 },
  ],
})
const samples = [sample(1_010, 0.2, 5, 10), sample(2_020, 0.4, 90, 0), sample(3_030, 0.9, 7, 10)]

test('a second has the sample that was taken at its end', () =>
  expect(seenUntil(2_000, samples)).toMatchObject({ cores: { query: 0.4 }, backlogEvents: 90 }))

test('several have the mean of what was used, the worst of what waited, and the last of what was held', () =>
  expect(seenUntil(2_000, samples, 2)).toEqual({
    cores: { query: expect.closeTo(0.3) as number },
    coresBusy: expect.closeTo(0.6) as number,
    rssMb: { query: 2.02 },
    backlogEvents: 90,
    lagMs: undefined,
    visibleP50Ms: expect.closeTo(10) as number,
    visibleP99Ms: expect.closeTo(19.8) as number,
  }))

test('after the last sample nothing was seen', () => expect(seenUntil(9_000, samples)).toEqual({}))
