import { expect, test } from 'bun:test'
import { histogramOf, merged, quantileSeconds, subtracted } from './histogram.ts'

const text = `# TYPE x histogram
x_bucket{le="0.1",service="query",group="a"} 10
x_bucket{le="0.2",service="query",group="a"} 30
x_bucket{le="+Inf",service="query",group="a"} 40
x_bucket{le="0.1",service="query",group="b"} 10
x_bucket{le="0.2",service="query",group="b"} 10
x_bucket{le="+Inf",service="query",group="b"} 20
x_sum{service="query",group="a"} 3
other_x_bucket{le="0.1"} 1`

test('the groups of a histogram are added up', () =>
  expect(histogramOf(text, 'x')).toEqual([
    { upTo: 0.1, count: 20 },
    { upTo: 0.2, count: 40 },
    { upTo: Number.POSITIVE_INFINITY, count: 60 },
  ]))

test('a quantile is spread evenly in its bucket, and no later than the last bound', () => {
  const histogram = histogramOf(text, 'x')
  expect(quantileSeconds(histogram, 50)).toBeCloseTo(0.15)
  expect(quantileSeconds(histogram, 99)).toBe(0.2)
  expect(quantileSeconds([], 50)).toBeUndefined()
  expect(quantileSeconds(subtracted(histogram, histogram), 50)).toBeUndefined()
})

test('what came between two looks, and several of those together', () => {
  const now = histogramOf(text, 'x')
  const since = subtracted(now, [{ upTo: 0.1, count: 5 }])
  expect(since.map(({ count }) => count)).toEqual([15, 40, 60])
  expect(merged([now, since]).map(({ count }) => count)).toEqual([35, 80, 120])
  expect(merged([])).toEqual([])
})
