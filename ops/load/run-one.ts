import { mkdir, readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '../stack/progress.ts'
import { coresOf } from './cpu.ts'
import { duration } from './figures.ts'
import { settingOf } from './machine.ts'
import { type Measured, measure } from './measure.ts'
import { type Memory, slopeText } from './memory.ts'
import type { LoadOptions } from './options.ts'
import type { Point } from './points.ts'
import { Spike, recoveryBudgets } from './recovery.ts'
import { findTarget } from './target.ts'
import { LOST, completenessLines, isPassed, runPage } from './run-page.ts'
import { visibleLines } from './visible.ts'

export interface Work {
  options: LoadOptions
  k6: { path: string; version: string }
  progress: Progress
  signal: AbortSignal
}

/** One script, once. @returns the exit code */
export async function runOne({ options, k6, progress, signal }: Work): Promise<number> {
  const { script, env } = options
  const { target, stack } = await findTarget(options, progress)
  const spike = script === 'spike' ? new Spike() : undefined
  const onPoint = (point: Point) => spike?.add(point)
  const measured = await measure({ script, k6: k6.path, target, env, progress, signal, onPoint })
  measured.budgets.push(...recoveryBudgets(spike?.recoveries ?? []))
  const question = await questionOf(script)
  const setting = settingOf({ target, stack }, k6.version)
  const html = runPage({ measured, question, setting, spike })
  const place = await saved(options, measured.startedAt, html, {
    ...measured,
    samples: undefined,
    recoveries: spike?.recoveries,
  })
  for (const line of told(measured)) progress.line(line)
  progress.line(`\n   ${place}`)
  return isPassed(measured) ? 0 : 1
}

/** The first line of the script says what it asks. */
export async function questionOf(script: string): Promise<string> {
  const text = await readFile(join(import.meta.dir, '../../load-tests', `${script}.ts`), 'utf8')
  return /^\/\*\* (.*?) \*\//.exec(text)?.[1] ?? ''
}

/** The page, and the figures that it shows as JSON beside it. @returns the page's path */
export async function saved(
  { folder, script }: Pick<LoadOptions, 'folder' | 'script'>,
  startedAt: string,
  html: string,
  figures: unknown,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = `${startedAt.slice(0, 19).replaceAll(':', '-')}-${script}`
  await Bun.write(join(folder, `${name}.json`), JSON.stringify(figures, null, 1))
  await Bun.write(join(folder, `${name}.html`), html)
  return join(folder, `${name}.html`)
}

/** No latency and no rate where a write is missing: such a run has none. */
function told(measured: Measured): string[] {
  const { completeness, total, budgets, memory, seconds } = measured
  const counts = completenessLines(completeness).map((line) => `   ${line}`)
  if (completeness.missing > 0) return ['', ...counts, `   ${LOST}`]
  const { latencyMs, answered, failed, dropped } = total
  const latency = (['p50', 'p95', 'p99', 'max'] as const).map(
    (name) => `${name} ${duration(latencyMs?.[name])}`,
  )
  return [
    '',
    `   ${answered} answered, ${failed} failed, ${dropped} not begun in time; ${latency.join(', ')}`,
    ...counts,
    `   k6 itself took ${coresOf(seconds, 'k6').toFixed(2)} of ${cpus().length} cores`,
    ...(measured.script === 'soak' ? memory.map(memoryLine) : []),
    ...visibleLines(measured).map((line) => `   ${line}`),
    '',
    ...budgets.map(
      ({ of, limit, isMet, measured: figure }) =>
        `   ${isMet ? '✓' : '✗'} ${of.padEnd(38)} ${limit.padEnd(10)} ${figure.padStart(10)}`,
    ),
  ]
}

const memoryLine = ({ name, startMb, endMb, slopeMbPerMin }: Memory) =>
  `   ${name}: ${Math.round(startMb)} MB at the start, ${Math.round(endMb)} MB at the end, ${slopeText(slopeMbPerMin)}`
