import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../random.ts'
import type { Fault } from './fault.ts'
import { faults } from './index.ts'
import { planned } from './plan.ts'
import { ProgressFile } from './progress.ts'
import { failureOf, linesOf } from './report.ts'

const fault = (id: string, ...runs: number[]): Fault => ({
  id,
  title: id,
  expected: '',
  variants: runs.map((count, n) => ({
    name: `way ${n + 1}`,
    runs: count,
    seconds: 5,
    script: async () => {},
  })),
})
const some = [fault('F1', 2, 1), fault('F2', 1)]
const told = (jobs: ReturnType<typeof planned>) =>
  jobs.map(({ fault: { id }, variant, seed, seconds }) => `${id} ${variant.name} ${seed} ${seconds}`)

describe('the plan', () => {
  test('each variant as often as it wants, with seeds from 1 on', () => {
    expect(told(planned(some, {}))).toEqual(['F1 way 1 1 5', 'F1 way 1 2 5', 'F1 way 2 1 5', 'F2 way 1 1 5'])
  })
  test('a seed, seconds and a selection', () => {
    expect(told(planned(some, { only: ['F1'], seed: 7, seconds: 60 }))).toEqual([
      'F1 way 1 7 60',
      'F1 way 2 7 60',
    ])
    expect(() => planned(some, { only: ['F1', 'F99'] })).toThrow('F99')
  })
  test('the matrix has fixed seeds: twenty of at most 15 s for F1, F2, F3 and F14', () => {
    for (const id of ['F1', 'F2', 'F3', 'F14']) {
      const jobs = planned(faults, { only: [id] })
      expect([id, jobs.length, Math.max(...jobs.map(({ seconds }) => seconds)) <= 15]).toEqual([id, 20, true])
    }
    const names = faults.flatMap(({ id, variants }) => variants.map(({ name }) => `${id} ${name}`))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('what was done', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'matrix-'))
  })
  afterEach(() => rm(dir, { recursive: true }))

  test('is known after a kill, also in the middle of a line, and to the same matrix alone', async () => {
    const file = join(dir, 'state.jsonl')
    const [first, second] = planned(some, {}) as [
      ReturnType<typeof planned>[0],
      ReturnType<typeof planned>[0],
    ]
    const before = await ProgressFile.open(file, { commit: 'a' })
    await before.add(first, failureOf(first, new Error('broken'), 10))
    await appendFile(file, '{"name":"F1 / way')
    const after = await ProgressFile.open(file, { commit: 'a' })
    expect([after.count, after.get(first)?.error, after.get(second)]).toEqual([1, 'broken', undefined])
    await after.add(second, failureOf(second, new Error('broken too'), 10))
    expect((await ProgressFile.open(file, { commit: 'a' })).count).toBe(2)
    const other = await ProgressFile.open(file, { commit: 'b' })
    expect(other.count).toBe(0)
  })
})

test('a run that has no result says so, in one line with the six counts', () => {
  const [job] = planned(some, {})
  const [line, why] = linesOf(failureOf(job!, new Error('the servers did not start'), 10))
  expect(line).toBe(
    '✗ F1 way 1, seed 1: attempts 0  acknowledged 0  lost 0  unexpected 0  duplicated 0  recovered 0',
  )
  expect(why).toContain('the servers did not start')
})

test('a seed gives one schedule, another seed another', () => {
  const draws = (seed: number) => {
    const random = new Random(seed)
    return [random.next(), random.between(5, 6), random.below(10), ...random.shuffled([1, 2, 3, 4, 5])]
  }
  expect(draws(7)).toEqual(draws(7))
  expect(draws(7)).not.toEqual(draws(8))
  const values = Array.from({ length: 1_000 }, (_, seed) => new Random(seed).next())
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
  expect(values.filter((value) => value < 0.5).length).toBeGreaterThan(400)
})
