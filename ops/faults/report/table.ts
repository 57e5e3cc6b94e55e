import { countNames, brokenOf, type RunReport } from '../matrix/report.ts'

/** The last full run as `docs/delivery.md` has it: a row for each fault, with sums over its runs. Pure. */
export function faultTable(reports: readonly RunReport[], { commit, date }: TableHead): string {
  const faults = [...new Set(reports.map(({ fault }) => fault))]
  const rows = faults.map((fault) => rowOf(reports.filter((report) => report.fault === fault)))
  const good = reports.filter(({ isGood }) => isGood).length
  const bad = reports.filter(({ isGood }) => !isGood)
  return [
    `${date}, commit ${commit}: ${good} of ${reports.length} runs good.`,
    '',
    `| fault | runs | seeds | ${countNames.join(' | ')} | converged within | invariants broken |`,
    `| --- | --- | --- | ${countNames.map(() => '---').join(' | ')} | --- | --- |`,
    ...rows,
    ...(bad.length > 0 ? ['', 'Not good:', '', ...bad.map(failureLine)] : []),
  ].join('\n')
}

export interface TableHead {
  readonly commit: string
  /** ISO 8601. */
  readonly date: string
}

function rowOf(runs: readonly RunReport[]): string {
  const [first] = runs
  const seeds = runs.map(({ seed }) => seed)
  const [lowest, highest] = [Math.min(...seeds), Math.max(...seeds)]
  const sums = countNames.map((name) => runs.reduce((sum, run) => sum + run[name], 0).toLocaleString('en-US'))
  const broken = [...new Set(runs.flatMap(brokenOf))].toSorted(
    (a, b) => Number(a.slice(1)) - Number(b.slice(1)),
  )
  const cells = [
    `${first!.fault} ${first!.title}`,
    runs.length,
    lowest === highest ? lowest : `${lowest}–${highest}`,
    ...sums,
    convergence(runs),
    broken.join(', ') || 'none',
  ]
  return `| ${cells.join(' | ')} |`
}

function convergence(runs: readonly RunReport[]): string {
  const times = runs.flatMap(({ convergedMs }) => (convergedMs === null ? [] : [convergedMs]))
  const text = times.length === 0 ? '–' : `${(Math.max(...times) / 1_000).toFixed(1)} s`
  return times.length === runs.length ? text : `${text}, ${runs.length - times.length} not`
}

function failureLine(report: RunReport): string {
  const { fault, variant, seed, error } = report
  const why = error?.split('\n', 1)[0] ?? `${brokenOf(report).join(', ') || 'counts'} broken`
  return `- ${fault} ${variant}, seed ${seed}: ${why}`
}
