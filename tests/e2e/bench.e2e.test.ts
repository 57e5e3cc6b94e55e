import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchResult } from '../../load-tests/bench/run.ts'
import { callVerb } from '../support/verb.ts'

const bench = (...args: string[]) => callVerb('bench', ...args)

test('the bench tells how it is used, and does not do what it is not told rightly', async () => {
  const help = await bench('--help')
  expect([help.code, help.output]).toEqual([0, expect.stringContaining('usage: npm run bench')])
  const wrong = await bench('--only', 'walk')
  expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining('there is no part walk')])
})

test('a row stands beside its twin, complete, in JSON and on a page; nothing is left running', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const files = { json: join(folder, 'rows.json'), html: join(folder, 'page.html') }
  try {
    const { code, output } = await bench(
      '--quick',
      '--only=relay',
      '--repetitions=1',
      `--json=${files.json}`,
      `--html=${files.html}`,
    )
    expect([code, output]).toEqual([0, expect.stringContaining('relay (1 of 1)')])
    const { rows, failures, setting } = (await Bun.file(files.json).json()) as BenchResult
    expect(failures).toEqual([])
    expect(setting).toMatchObject({ quick: true, machine: expect.any(String), store: expect.any(String) })
    const [row, ...others] = rows
    expect(others).toEqual([])
    // How fast it was is the machine's affair.
    expect(row).toMatchObject({ name: 'relay', target: '≥ 0.8 ×', repetitions: 1 })
    for (const figure of [
      row!.rate,
      row!.limit,
      row!.ratio,
      row!.cpu_ms['relay'],
      row!.twin.cpu_ms['RabbitMQ'],
    ])
      expect(figure).toBeGreaterThan(0)
    const html = await Bun.file(files.html).text()
    expect(html).toContain(row!.title)
    expect(html).not.toMatch(/<script|(src|href)="http/)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)
