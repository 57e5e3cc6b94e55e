import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invariantNames } from '../../ops/faults/history.ts'
import { faults } from '../../ops/faults/matrix/index.ts'
import type { RunReport } from '../../ops/faults/matrix/report.ts'
import { callVerb } from '../support/verb.ts'

const call = (...args: string[]) => callVerb('faults', ...args)

test('npm run faults -- --list tells of every fault, without a server', async () => {
  const { code, output } = await call('--list')
  expect(code).toBe(0)
  for (const { id, title } of faults) expect(output).toContain(`${id.padEnd(4)} ${title}`)
})

test('what it is not told rightly it does not do', async () => {
  for (const args of [['--only', 'F99'], ['--seed', 'x'], ['--what']]) {
    const { code, errors } = await call(...args)
    expect([args, code]).toEqual([args, 2])
    expect(errors).toContain('usage: npm run faults')
  }
})

test('a run leaves a line, the figures and a page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'))
  const files = { json: join(folder, 'runs.json'), html: join(folder, 'page.html') }
  const { code, output } = await call(
    '--only=f14',
    '--seed=3',
    '--seconds=2',
    `--json=${files.json}`,
    `--html=${files.html}`,
  )
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/✓ F14 .*, seed 3: attempts \d+ {2}acknowledged \d+ {2}lost 0/),
  ])
  const [run, ...others] = (await Bun.file(files.json).json()) as RunReport[]
  expect(others).toEqual([])
  expect(run).toMatchObject({
    fault: 'F14',
    seed: 3,
    seconds: 2,
    lost: 0,
    unexpected: 0,
    recovered: expect.any(Number),
  })
  expect(Object.keys(run!.invariants)).toEqual([...invariantNames])
  const page = await Bun.file(files.html).text()
  for (const text of ['All 1 run kept every invariant', 'writes acknowledged', 'F14', 'backlog, events'])
    expect(page).toContain(text)
  await rm(folder, { recursive: true })
}, 120_000)
