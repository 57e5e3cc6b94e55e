import { duration, plural } from '../../load/figures.ts'
import { chart } from '../../report/chart.ts'
import { html, type Html } from '../../report/html.ts'
import { sum } from '../../report/numbers.ts'
import { page, type Section } from '../../report/page.ts'
import { mark, table } from '../../report/table.ts'
import { invariantNames, invariantTitles } from '../history.ts'
import { brokenOf, countNames, type RunReport } from '../matrix/report.ts'

export interface MatrixPage {
  readonly reports: readonly RunReport[]
  readonly startedAt: string
  readonly commit: string
  readonly notes: readonly [string, string][]
}

/** The whole matrix on one page: what each fault cost, and how one run of each went, second by second. */
export function matrixPage({ reports, startedAt, commit, notes }: MatrixPage): string {
  const bad = reports.filter(({ isGood }) => !isGood)
  const total = (name: (typeof countNames)[number]) => sum(reports.map((report) => report[name]))
  return page({
    title: 'Faults',
    question: 'Is anything lost, whatever fails?',
    verdict: {
      isGood: bad.length === 0,
      text:
        bad.length === 0
          ? `All ${plural(reports.length, 'run')} kept every invariant`
          : `${bad.length} of ${plural(reports.length, 'run')} broke an invariant, or had no result`,
      details: bad.slice(0, 5).map(({ fault, variant, seed }) => `${fault} ${variant}, seed ${seed}`),
    },
    headlines: countNames.map((name) => ({
      name,
      value: total(name).toLocaleString('en-US'),
      unit: '',
      remark: MEANINGS[name],
    })),
    sections: [
      {
        title: 'Each fault',
        remark: 'Sums over all runs of it; the slowest convergence.',
        body: summary(reports),
      },
      ...[...new Set(reports.map(({ fault }) => fault))].map((fault) =>
        faultSection(reports.filter((report) => report.fault === fault)),
      ),
    ],
    notes: [['When', startedAt], ['Commit', commit], ...notes],
  })
}

const MEANINGS: Record<(typeof countNames)[number], string> = {
  attempts: 'writes tried',
  acknowledged: 'answered 2xx',
  lost: 'acknowledged, not there',
  unexpected: 'there, not asked for',
  duplicated: 'events sent again',
  recovered: 'not answered, there',
}

interface Group {
  readonly fault: string
  readonly variant: string
  readonly runs: readonly RunReport[]
}

function groupsOf(reports: readonly RunReport[]): Group[] {
  const groups = new Map<string, RunReport[]>()
  for (const report of reports) {
    const key = `${report.fault}\n${report.variant}`
    groups.set(key, [...(groups.get(key) ?? []), report])
  }
  return [...groups.values()].map((runs) => ({ fault: runs[0]!.fault, variant: runs[0]!.variant, runs }))
}

function summary(reports: readonly RunReport[]): Html {
  return table<Group>(
    [
      { title: 'fault', isText: true, cell: ({ fault }) => fault },
      { title: 'how', isText: true, cell: ({ variant, runs }) => `${runs[0]!.title}: ${variant}` },
      { title: 'runs', cell: ({ runs }) => String(runs.length) },
      ...countNames.map((name) => ({
        title: name,
        cell: ({ runs }: Group) => sum(runs.map((run) => run[name])).toLocaleString('en-US'),
      })),
      {
        title: 'converged',
        cell: ({ runs }) => duration(Math.max(...runs.map(({ convergedMs }) => convergedMs ?? 0))),
      },
      { title: 'invariants', isText: true, cell: ({ runs }) => verdictOf(runs) },
    ],
    groupsOf(reports),
  )
}

function verdictOf(runs: readonly RunReport[]): Html {
  const broken = [...new Set(runs.flatMap(brokenOf))]
  const errors = runs.filter(({ error }) => error !== undefined).length
  if (broken.length === 0 && errors === 0) return mark(true, 'held')
  return mark(false, [...broken, ...(errors > 0 ? [`${errors} without a result`] : [])].join(', '))
}

/** Every run in a table, and the curves of one run of each variant: the first that was not good, else the first. */
function faultSection(reports: readonly RunReport[]): Section {
  const { fault, title } = reports[0]!
  const shown = groupsOf(reports).map(({ runs }) => runs.find(({ isGood }) => !isGood) ?? runs[0]!)
  return {
    title: `${fault}: ${title}`,
    charts: shown
      .filter(({ timeline }) => timeline.seconds.length > 1)
      .flatMap((report) => [loadChart(report), lagChart(report)]),
    body: runTable(reports),
  }
}

function runTable(reports: readonly RunReport[]): Html {
  return table<RunReport>(
    [
      { title: 'variant', isText: true, cell: ({ variant }) => variant },
      { title: 'seed', cell: ({ seed }) => String(seed) },
      ...countNames.map((name) => ({
        title: name,
        cell: (report: RunReport) => report[name].toLocaleString('en-US'),
      })),
      { title: 'converged', cell: ({ convergedMs }) => duration(convergedMs ?? undefined) },
      { title: 'invariants', isText: true, cell: detail },
    ],
    reports,
  )
}

function detail(report: RunReport): Html {
  if (report.isGood) return mark(true, 'held')
  if (report.error !== undefined) return mark(false, report.error)
  const lines = brokenOf(report).map((name) => {
    const { details } = report.invariants[name]!
    return `${name} (${invariantTitles[name]}): ${details[0] ?? ''}`
  })
  return html`${mark(false, lines.join(' · '))}`
}

const titleOf = ({ variant, seed }: RunReport) => `${variant}, seed ${seed}`
const marksOf = ({ timeline }: RunReport) =>
  timeline.marks.length > 8 ? [] : timeline.marks.map(({ at, text }) => ({ x: at, text }))

function loadChart(report: RunReport): Html {
  const { seconds } = report.timeline
  return chart({
    title: titleOf(report),
    unit: 'answers a second',
    x: seconds.map(({ at }) => at),
    xUnit: 's',
    series: [
      { name: 'writes acknowledged', values: seconds.map(({ acknowledged }) => acknowledged) },
      { name: 'writes failed', values: seconds.map(({ failed }) => failed) },
      { name: 'reads', values: seconds.map(({ reads }) => reads), isDashed: true },
    ],
    marks: marksOf(report),
  })
}

function lagChart(report: RunReport): Html {
  const { seconds } = report.timeline
  return chart({
    title: titleOf(report),
    unit: 'events; seconds',
    x: seconds.map(({ at }) => at),
    xUnit: 's',
    series: [
      { name: 'backlog, events', values: seconds.map(({ backlogEvents }) => backlogEvents) },
      { name: 'lag, s', values: seconds.map(({ lagSeconds }) => lagSeconds) },
    ],
    marks: marksOf(report),
  })
}

export const invariantNotes: [string, string][] = invariantNames.map((name) => [name, invariantTitles[name]])
