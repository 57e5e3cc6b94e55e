import { describe, expect, test } from 'bun:test'
import { benchOptions, partNames, quickSizes } from './options.ts'
import { pgbenchResult } from './pgbench.ts'
import { untilDone } from './until.ts'
import { wrkResult } from './wrk.ts'

const report = (failed: number) => `number of transactions actually processed: 4000
number of failed transactions: ${failed} (0.000%)
latency average = 12.3 ms
initial connection time = 80 ms
tps = 2000.500000 (without initial connection time)`

describe('what the tools say', () => {
  test('pgbench: its rate is that without the time it took to connect', () => {
    const { transactions, elapsedMs } = pgbenchResult(report(0))
    expect([transactions, Math.round(elapsedMs)]).toEqual([4_000, 2_000])
  })
  test('pgbench: no figure where a transaction failed, or there is none', () => {
    expect(() => pgbenchResult(report(3))).toThrow('3 transactions of pgbench failed')
    expect(() => pgbenchResult('connection refused')).toThrow('pgbench gave no figure')
    expect(pgbenchResult('number of transactions actually processed: 0').transactions).toBe(0)
  })
  test("wrk: one line of JSON among its own, which the script's end prints", () => {
    const line = '{"requests":5,"elapsedMs":1000.5,"bytes":9,"failed":0,"broken":0,"latencyMs":{"50":1.5}}'
    expect(wrkResult(`Running 1s test\n${line}\n`)).toMatchObject({ requests: 5, latencyMs: { '50': 1.5 } })
    expect(() => wrkResult('unable to connect')).toThrow('unable to connect')
  })
})

describe('the clock of a drain', () => {
  const steps = (...values: number[]) => {
    const left = [...values]
    return async () => left.shift() ?? values.at(-1)!
  }
  test('runs from now to the last', async () => {
    const { count, progress } = await untilDone(10, steps(0, 4, 10), { lookMs: 1 })
    expect([count, progress[0], progress.at(-1)![1]]).toEqual([10, [0, 0], 10])
  })
  test('or from the first, which does not count then', async () => {
    const { count } = await untilDone(10, steps(0, 4, 10), { lookMs: 1, fromFirst: true })
    expect(count).toBe(6)
  })
})

describe('options', () => {
  test('everything, or some parts in the order of the table', () => {
    expect(benchOptions([]).parts).toEqual(partNames)
    expect(benchOptions(['--only', 'relay,write']).parts).toEqual(['write', 'relay'])
    expect(benchOptions(['--quick', '--repetitions', '7']).sizes).toEqual({ ...quickSizes, repetitions: 7 })
  })
  test('what is wrong is named', () => {
    expect(() => benchOptions(['--only', 'walk'])).toThrow('there is no part walk: choose of write, relay')
    expect(() => benchOptions(['--seconds', '0'])).toThrow('--seconds takes a whole number above 0')
    expect(() => benchOptions(['--what'])).toThrow('--what')
    expect(() => benchOptions(['--quick', '--write'])).toThrow('measures nothing that could be written down')
  })
})
