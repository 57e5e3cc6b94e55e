import { expect, test } from 'bun:test'
import { barChart } from './bars.ts'

const widths = (svg: string) =>
  [...svg.matchAll(/class="bar [^"]*"[^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
const limit = { value: 1, text: 'limit' }

test('bars are as long as their values, and the limit stands where its value would end', () => {
  const { text } = barChart({
    title: 'T',
    unit: '× the limit',
    limit,
    bars: [
      { name: 'half', value: 0.5, text: '0.5 ×', mark: 0.8 },
      { name: 'twice', value: 2, text: '2 ×' },
    ],
  })
  const [half, twice] = widths(text) as [number, number]
  expect(twice / half).toBeCloseTo(4, 1)
  const line = Number(/class="limit" d="M([\d.]+),/.exec(text)![1])
  expect(line - 220).toBeCloseTo(half * 2, 0)
  expect(text.match(/class="mark"/g)).toHaveLength(1)
})

test('one that is far above the limit does not make the others vanish', () => {
  const bars = [1, 500].map((value) => ({ name: `${value}`, value, text: `${value} ×` }))
  const [small, large] = widths(barChart({ title: 'T', unit: '', limit, bars }).text) as [number, number]
  expect(small).toBeGreaterThan(10)
  expect(large).toBeLessThan(400)
})

test('names are text, not markup', () => {
  const { text } = barChart({ title: '<b>', unit: '', limit, bars: [{ name: '<i>', value: 1, text: '&' }] })
  expect(text).not.toMatch(/<b>|<i>/)
})
