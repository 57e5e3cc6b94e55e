import { expect, test } from 'bun:test'
import { memoryOf, slopeOf, slopeText } from './memory.ts'

const samples = (megabytes: number[]) =>
  megabytes.map((mb, n) => ({ timeMs: n * 30_000, rssMb: { command: mb, k6: n === 0 ? 0 : 50 } }))

test('the slope is that of the straight line with the least squares', () => {
  const around = [0, 2, 1, 3].map((y, x) => ({ x, y }))
  expect(slopeOf(around)).toBeCloseTo(0.8)
  expect(slopeOf([{ x: 1, y: 5 }])).toBe(0)
})

test('the start and the end are those of the whole run, the slope leaves out what it warmed up with', () => {
  const [command, k6] = memoryOf(samples([40, 90, 100, 101, 102, 103, 104, 105]))
  expect(command).toMatchObject({ name: 'command', startMb: 40, endMb: 105 })
  expect(command!.slopeMbPerMin).toBeCloseTo(2)
  expect(k6).toMatchObject({ name: 'k6', startMb: 50, endMb: 50, slopeMbPerMin: 0 })
})

test('too few samples have no slope, and none no process', () => {
  expect(memoryOf(samples([40, 41]))[0]).toMatchObject({ startMb: 40, slopeMbPerMin: undefined })
  expect(memoryOf([])).toEqual([])
})

test('in words', () =>
  expect([slopeText(0.25), slopeText(-1.5), slopeText(0.001), slopeText(undefined)]).toEqual([
    '+0.25 MB/min',
    '-1.5 MB/min',
    '0 MB/min',
    '–',
  ]))
