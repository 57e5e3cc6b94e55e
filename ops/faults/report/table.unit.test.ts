import { expect, test } from 'bun:test'
import { faults } from '../matrix/index.ts'
import { planned } from '../matrix/plan.ts'
import { failureOf, type RunReport } from '../matrix/report.ts'
import { faultTable } from './table.ts'

const [first, second] = planned(faults, { only: ['F4'] })
const report = (over: Partial<RunReport>): RunReport => {
  const { error: _, ...rest } = failureOf(first!, undefined, 1_000)
  return { ...rest, isGood: true, convergedMs: 1_234, ...over }
}
const head = { commit: 'abc1234', date: '2026-11-24' }

test('a row for each fault, with sums, seeds and the slowest convergence', () => {
  const lines = faultTable(
    [
      report({ attempts: 1_000, acknowledged: 999, seed: 1 }),
      report({ attempts: 500, acknowledged: 500, seed: 3, convergedMs: 4_000 }),
    ],
    head,
  ).split('\n')
  expect(lines[0]).toBe('2026-11-24, commit abc1234: 2 of 2 runs good.')
  expect(lines[4]).toBe('| F4 kill -9 of RabbitMQ | 2 | 1–3 | 1,500 | 1,499 | 0 | 0 | 0 | 0 | 4.0 s | none |')
  expect(lines).toHaveLength(5)
})

test('what failed is named, with what was broken or why there is no result', () => {
  const broken = { state: 'broken', asked: 1, violations: 1, details: [] } as const
  const text = faultTable(
    [
      report({ isGood: false, invariants: { I10: broken, I2: broken } as never }),
      failureOf(second!, new Error('no servers\nat all'), 1),
    ],
    head,
  )
  expect(text).toContain('0 of 2 runs good')
  expect(text).toContain('1.2 s, 1 not | I2, I10 |')
  expect(text).toContain(`- F4 ${first!.variant.name}, seed 1: I2, I10 broken`)
  expect(text).toContain('seed 2: no servers')
  expect(text).not.toContain('at all')
})
