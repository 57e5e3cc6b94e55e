import type { Verdict } from '../check/index.ts'
import type { Counts } from '../check/counts.ts'
import { invariantNames, type InvariantName } from '../history.ts'
import type { RunResult } from '../run.ts'
import type { Timeline } from '../timeline.ts'
import type { Job } from './plan.ts'

/** One run as `--json` has it: the six counts and each invariant by name. */
export interface RunReport extends Counts {
  readonly fault: string
  readonly title: string
  readonly variant: string
  readonly seed: number
  /** Of load. */
  readonly seconds: number
  readonly isGood: boolean
  /** Why there is no result: the harness failed, or the system did not come up. */
  readonly error?: string
  readonly invariants: Verdict['invariants'] | Record<string, never>
  readonly convergedMs: number | null
  readonly durationMs: number
  readonly timeline: Timeline
}

const nothing: Counts = { attempts: 0, acknowledged: 0, lost: 0, unexpected: 0, duplicated: 0, recovered: 0 }
export const countNames = Object.keys(nothing) as readonly (keyof Counts)[]

export function reportOf(job: Job, result: RunResult): RunReport {
  const { counts, invariants, isGood, convergedMs = null, durationMs, timeline } = result
  return { ...identity(job), ...counts, isGood, invariants, convergedMs, durationMs, timeline }
}

export function failureOf(job: Job, error: unknown, durationMs: number): RunReport {
  const text = error instanceof Error ? error.message : String(error)
  const timeline = { seconds: [], marks: [] }
  return {
    ...identity(job),
    ...nothing,
    isGood: false,
    error: text,
    invariants: {},
    convergedMs: null,
    durationMs,
    timeline,
  }
}

const identity = ({ fault, variant, seed, seconds }: Job) => ({
  fault: fault.id,
  title: fault.title,
  variant: variant.name,
  seed,
  seconds,
})

export function brokenOf({ invariants }: Pick<RunReport, 'invariants'>): InvariantName[] {
  return invariantNames.filter((name) => (invariants as Verdict['invariants'])[name]?.state === 'broken')
}

/** The line that is printed for a run, and those below it that say what was wrong. */
export function linesOf(report: RunReport): string[] {
  const counts = countNames.map((name) => `${name} ${report[name]}`).join('  ')
  const converged =
    report.convergedMs === null ? '' : `  converged ${(report.convergedMs / 1_000).toFixed(1)} s`
  const head = `${report.isGood ? '✓' : '✗'} ${report.fault} ${report.variant}, seed ${report.seed}: ${counts}${converged}`
  const details = brokenOf(report).flatMap((name) => {
    const { violations, asked, details: said } = (report.invariants as Verdict['invariants'])[name]
    return [`    ${name} broken, ${violations} of ${asked}`, ...said.map((line) => `      ${line}`)]
  })
  return [head, ...(report.error === undefined ? [] : [`    ${report.error}`]), ...details]
}
