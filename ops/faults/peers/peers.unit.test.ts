import { describe, expect, test } from 'bun:test'
import { ANN, goodHistory } from '../check/testing.ts'
import { failureOf } from '../matrix/report.ts'
import { comparedJobs, type Comparison, sidesOf } from './compare.ts'
import { comparisonBlock, withBlock } from './table.ts'

describe('what the comparison counts beside the six', () => {
  test('nothing, where all is well', () =>
    expect(sidesOf(goodHistory())).toEqual({ unsent: 0, wrong: 0, ended: 0 }))
  test('a change that was stored and never sent', () => {
    const history = goodHistory()
    history.publishes[0]!.fates![1] = 'unknown'
    expect(sidesOf(history)).toEqual({ unsent: 1, wrong: 0, ended: 0 })
  })
  test('a user that an older message has overwritten', () => {
    const history = goodHistory()
    history.documents.find(({ _id: id }) => id === ANN)!.version = 1
    expect(sidesOf(history)).toEqual({ unsent: 0, wrong: 1, ended: 0 })
  })
  test('a process that ended by itself', () => {
    const history = goodHistory()
    history.ends.push({ process: 'command-1/1', atMs: 1, code: '1', by: 'itself' })
    expect(sidesOf(history)).toEqual({ unsent: 0, wrong: 0, ended: 1 })
  })
})

test('peers are tried under F1, F4, F5 and F8, where a peer has a part in it', () => {
  const jobs = comparedJobs()
  expect([...new Set(jobs.map(({ fault }) => fault.id))]).toEqual(['F1', 'F4', 'F5', 'F8'])
  expect(jobs.filter(({ fault }) => fault.id === 'F8').map(({ variant }) => variant.name)).toEqual([
    'rabbitmq for 30 s',
    'postgres for 30 s',
  ])
  const outages = jobs.filter(({ fault }) => fault.id === 'F4').map(({ variant }) => variant.name)
  expect(outages).toEqual(['back after 1 s', 'back after 1 s', 'back after 60 s'])
  expect(() => comparedJobs(['F2'])).toThrow('F2')
})

const [job] = comparedJobs(['F4'])
const run = (over: Partial<Comparison>): Comparison => ({
  ...failureOf(job!, new Error(), 1),
  unsent: 0,
  wrong: 0,
  ended: 0,
  error: undefined,
  ...over,
})

test('the table sums the runs of each system, and says which gave no result', () => {
  const block = comparisonBlock(
    [
      {
        id: 'ours',
        runs: [
          run({ acknowledged: 10, convergedMs: 400 }),
          run({ acknowledged: 5, duplicated: 2, convergedMs: 1_210 }),
        ],
      },
      {
        id: 'nest-default',
        runs: [run({ acknowledged: 9, lost: 3, unsent: 4, wrong: 2, ended: 1 }), run({ error: 'no' })],
      },
    ],
    { commit: 'abc1234', date: '2026-01-02' },
  )
  expect(block).toContain('| F4 kill -9 of RabbitMQ | this one | 2 | 15 | 0 | 0 | 2 | 0 | 1.2 s |')
  expect(block).toContain(
    'NestJS 11, save then publish, default | 1 (1 without a result) | 9 | 3 | 4 | 0 | 2 | never in 1 of 1 |',
  )
  expect(block).not.toContain('undefined')
  expect(block).toContain('on 2026-01-02, commit abc1234')
  expect(block).toContain('Processes that ended by themselves: 1.')
})

test('the block takes the place of the one before, and needs one', () => {
  const block = comparisonBlock([], { commit: 'abc1234', date: '2026-01-02' })
  const document = '# A\n\n<!-- made: peers -->\nold\n<!-- /made -->\n\nB <!-- /made -->\n'
  const written = withBlock(document, block)
  expect(written).not.toContain('old')
  expect(written.startsWith('# A\n\n<!-- made: peers -->')).toBe(true)
  expect(written.endsWith('\n\nB <!-- /made -->\n')).toBe(true)
  expect(withBlock(written, block)).toBe(written)
  expect(() => withBlock('# A', block)).toThrow('no <!-- made: peers -->')
})
