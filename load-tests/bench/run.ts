import { cpus } from 'node:os'
import type { Progress, Step } from '../../ops/stack/progress.ts'
import { type Comparison, perSecond, type Sample } from './machinery/comparison.ts'
import { settingNow, type BenchSetting } from './machinery/head.ts'
import type { BenchOptions, PartName } from './machinery/options.ts'
import { type Row, rowsOf } from './machinery/result.ts'
import { openSite, type Site } from './machinery/site.ts'
import { takeTurns } from './machinery/take-turns.ts'
import { shortNumber } from '../../ops/report/numbers.ts'
import { projectorGrowth, readGrowth, relayGrowth, writeGrowth } from './rows/growth.ts'
import { projectorRows } from './rows/projector.ts'
import { readRows } from './rows/read.ts'
import { relayRows } from './rows/relay.ts'
import { readScale, writeScale } from './rows/scale.ts'
import { startRows } from './rows/start.ts'
import { visibleRows } from './rows/visible.ts'
import { writeRows } from './rows/write.ts'

/** Brings up what a question needs, and tells of the comparisons that are to be made there; taken down after them. */
type Open = (site: Site) => Promise<Comparison | readonly Comparison[]>

const parts: Readonly<Record<PartName, readonly Open[]>> = {
  write: [writeRows],
  relay: [relayRows],
  projector: [projectorRows],
  read: [readRows],
  visible: [visibleRows],
  growth: [writeGrowth, readGrowth, relayGrowth, projectorGrowth],
  start: [startRows],
  scale: [readScale, writeScale],
}

export interface BenchResult {
  readonly setting: BenchSetting
  readonly rows: readonly Row[]
  /** Rows that have no figure, and why. */
  readonly failures: readonly { readonly part: PartName; readonly reason: string }[]
}

export async function runBench(
  options: BenchOptions,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<BenchResult> {
  const { site, close } = await openSite({
    sizes: options.sizes,
    withPeers: options.peers,
    progress,
    signal,
  })
  const setting = settingNow(site, options)
  const rows: Row[] = []
  const failures: { part: PartName; reason: string }[] = []
  try {
    for (const [index, part] of options.parts.entries()) {
      const title = `${part} (${index + 1} of ${options.parts.length})`
      for (const open of parts[part]) {
        const step = progress.step(title)
        const failed = (reason: string) => {
          progress.line(`   ✗ ${part}: ${reason}`)
          failures.push({ part, reason })
        }
        try {
          rows.push(...(await measured(open, { site, options, step, failed })))
          step.done()
        } catch (error) {
          signal.throwIfAborted()
          step.done('no figure')
          failed((error as Error).message)
        }
      }
    }
  } finally {
    await close()
  }
  return { setting, rows, failures }
}

interface Run {
  readonly site: Omit<Site, 'defer'>
  readonly options: BenchOptions
  readonly step: Step
  /** Told of a contender without a figure that no row needs. */
  readonly failed: (reason: string) => void
}

/** @throws where a row has no figure */
async function measured(open: Open, { site, options, step, failed }: Run): Promise<Row[]> {
  const ends: (() => Promise<unknown>)[] = []
  try {
    step.note('making ready')
    const opened = await open({ ...site, defer: (end) => void ends.push(end) })
    const rows: Row[] = []
    for (const comparison of [opened].flat() as Comparison[]) {
      const samples = await takeTurns(comparison, {
        repetitions: options.sizes.repetitions,
        signal: site.signal,
        onTurn: ({ name }, repetition, of) => step.note(`${repetition} of ${of}: ${name}`),
        onSample: ({ name }, sample) => site.progress.line(`     ${name}: ${told(sample)}`),
        onFailure: ({ name }, { message }) => failed(`${name}: ${message}`),
      })
      rows.push(...rowsOf(comparison, samples, cpus().length))
    }
    return rows
  } finally {
    for (const end of ends.toReversed()) await end().catch(() => {})
  }
}

function told(sample: Sample): string {
  const { count, elapsedMs, latencyMs } = sample
  if (count <= 1) return `${shortNumber(elapsedMs)} ms`
  const tail = latencyMs
    ? `; p50 ${shortNumber(latencyMs['50'])} ms, p99 ${shortNumber(latencyMs['99'])} ms`
    : ''
  return `${count} in ${shortNumber(elapsedMs)} ms, ${shortNumber(perSecond(sample))}/s${tail}`
}
