import { expect, test } from 'bun:test'
import { chart } from './chart.ts'

const common = { title: 'T', unit: 'ms', x: [0, 1, 2, 3], xUnit: 's' }
const pathsOf = (svg: string, name: string) =>
  [...svg.matchAll(new RegExp(`class="${name} [^"]*"\\s+d="M([^"]*)"`, 'g'))].map(([, path]) => path!)

test('a line is interrupted where nothing is known', () => {
  const { text } = chart({ ...common, series: [{ name: 'a', values: [1, 2, null, 4] }] })
  expect(pathsOf(text, 'line').map((path) => path.split('L').length)).toEqual([2, 1])
})

test('the highest value is inside the frame, and higher values stand higher', () => {
  const { text } = chart({ ...common, series: [{ name: 'a', values: [0, 10, 20, 99] }] })
  const heights = pathsOf(text, 'line')[0]!
    .split('L')
    .map((point) => Number(point.split(',')[1]))
  expect(heights).toEqual([...heights].toSorted((a, b) => b - a))
  expect(heights.at(-1)).toBeGreaterThanOrEqual(16)
})

test('stacked series stand on one another', () => {
  const below = { name: 'a', values: [1, 1, 1, 1] }
  const alone = chart({
    ...common,
    yMin: 10,
    isStacked: true,
    series: [{ name: 'sum', values: [3, 3, 3, 3] }],
  })
  const { text } = chart({
    ...common,
    yMin: 10,
    isStacked: true,
    series: [below, { name: 'b', values: [2, 2, 2, 2] }],
  })
  const top = (svg: string) => pathsOf(svg, 'area').map((path) => Number(path.split('L')[0]!.split(',')[1]))
  expect(Math.min(...top(text))).toBe(top(alone.text)[0]!)
})

test('names are escaped, and the hint of a place shows every figure there', () => {
  const { text } = chart({ ...common, series: [{ name: '<a>', values: [1, 2.5, null, 4] }] })
  expect(text).not.toContain('<a>')
  expect(text).toMatch(/<title>\s*1 s\s+&lt;a&gt; 2\.5/)
})
