import { describe, expect, test } from 'bun:test'
import { perSecond, type Contender, type RowSpec, type Sample } from './comparison.ts'
import { MissingTwin, rowOf, rowsOf } from './result.ts'
import { takeTurns } from './take-turns.ts'

const sample = (rate: number, cpuMs: Record<string, number> = {}): Sample => ({
  count: rate,
  elapsedMs: 1_000,
  cpuMs,
})
const spec: RowSpec = {
  name: 'write',
  title: 'Write',
  unit: 'a second',
  better: 'higher',
  target: { ratio: 2 },
  ours: 'us',
  limit: 'raw',
  beside: ['peer', 'not measured'],
  of: perSecond,
}
const samples = new Map([
  ['us', [sample(200, { command: 40, PostgreSQL: 20 }), sample(300, { command: 60, PostgreSQL: 30 })]],
  ['raw', [sample(90), sample(110)]],
  ['peer', [sample(10)]],
])

describe('a row', () => {
  const row = rowOf(spec, samples, 2)
  test('has the medians, their ratio and whether the target is reached', () => {
    expect(row).toMatchObject({
      rate: 250,
      limit: 100,
      ratio: 2.5,
      target: '≥ 2 ×',
      ok: true,
      repetitions: 2,
    })
    expect(row.twin).toMatchObject({ name: 'raw', values: [90, 110], spread: expect.closeTo(0.2) })
  })
  test('says what one operation costs in each process, and what the machine had CPU for', () => {
    expect(row.cpu_ms).toEqual({ command: 0.2, PostgreSQL: 0.1 })
    expect([row.t_max, row.of_t_max]).toEqual([expect.closeTo(20_000), expect.closeTo(0.0125)])
  })
  test('shows what was measured beside it, and nothing of what was not', () => {
    expect(row.beside.map(({ name, rate }) => [name, rate])).toEqual([['peer', 10]])
  })
  test('without its raw twin is an error, also where the twin took no turn', () => {
    const alone = new Map([['us', [sample(1)]]])
    expect(() => rowOf(spec, alone, 2)).toThrow(MissingTwin)
    expect(() => rowOf(spec, new Map([...alone, ['raw', []]]), 2)).toThrow(
      '"raw" was not measured in the same run',
    )
  })
})

test('where less is better the ratio is an upper bound, and so is the figure itself', () => {
  const lower: RowSpec = { ...spec, unit: 'ms', better: 'lower', target: { ratio: 3, below: 250 } }
  const of = (rate: number) => rowOf(lower, new Map([...samples, ['us', [sample(rate)]]]), 2)
  expect(of(249)).toMatchObject({ ok: true, target: '≤ 3 ×, < 250 ms' })
  expect([of(251).ok, of(301).ok]).toEqual([false, false])
  expect(rowOf({ ...lower, target: undefined }, samples, 2)).toMatchObject({ ok: null, target: null })
})

test('its JSON has what the page and other programs read', () => {
  const [row] = rowsOf({ contenders: [], rows: [spec] }, samples, 2)
  const text = JSON.parse(JSON.stringify(row))
  for (const key of ['name', 'rate', 'limit', 'ratio', 'target', 'ok', 'cpu_ms', 'repetitions'])
    expect([key, text[key] !== undefined]).toEqual([key, true])
})

describe('contenders', () => {
  const turns = {
    repetitions: 3,
    signal: new AbortController().signal,
    onTurn() {},
    onSample() {},
    onFailure() {},
  }
  const named = (name: string, log: string[]): Contender => ({
    name,
    async measure() {
      log.push(name)
      return sample(1)
    },
  })
  test('take turns', async () => {
    const log: string[] = []
    const comparison = { contenders: [named('A', log), named('B', log)], rows: [] }
    const taken = await takeTurns(comparison, turns)
    expect(log.join('')).toBe('ABABAB')
    expect(taken.get('B')).toHaveLength(3)
    await takeTurns({ ...comparison, repetitionsMax: 1 }, turns)
    expect(log.join('')).toBe('ABABABAB')
  })
  test('end with the first that is incomplete: there is no figure without it', async () => {
    const log: string[] = []
    const broken: Contender = { name: 'B', measure: () => Promise.reject(new Error('two are missing')) }
    await expect(takeTurns({ contenders: [named('A', log), broken], rows: [] }, turns)).rejects.toThrow(
      'two are missing',
    )
    expect(log).toEqual(['A'])
  })
  test('go on without a peer that failed, which has no figure then', async () => {
    const log: string[] = []
    const failures: string[] = []
    let calls = 0
    const peer: Contender = {
      name: 'peer',
      isPeer: true,
      measure: async () => (++calls > 1 ? Promise.reject(new Error('it ended')) : sample(1)),
    }
    const taken = await takeTurns(
      { contenders: [peer, named('A', log)], rows: [] },
      { ...turns, onFailure: ({ name }, { message }) => void failures.push(`${name}: ${message}`) },
    )
    expect([log.join(''), calls, failures]).toEqual(['AAA', 2, ['peer: it ended']])
    expect(taken.has('peer')).toBe(false)
  })
  test('end when the run is interrupted', async () => {
    const log: string[] = []
    const signal = AbortSignal.abort(new Error('interrupted'))
    await expect(
      takeTurns({ contenders: [named('A', log)], rows: [] }, { ...turns, signal }),
    ).rejects.toThrow('interrupted')
    expect(log).toEqual([])
  })
})
