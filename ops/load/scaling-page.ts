import { chart } from '../report/chart.ts'
import { type Html, html } from '../report/html.ts'
import { shortNumber, sum } from '../report/numbers.ts'
import { type Headline, type Section, page } from '../report/page.ts'
import { table } from '../report/table.ts'
import { cpuChart } from './cpu.ts'
import { duration, plural } from './figures.ts'
import type { Setting } from './machine.ts'
import type { ScalingOptions } from './options.ts'
import { LOST, METHOD, completenessLines, settingNotes } from './run-page.ts'
import { type Curve, type Side, endOf } from './curve.ts'
import { answeredChart, latencyChart, nameOf } from './scaling-charts.ts'

export interface ScalingPage {
  curves: Curve[]
  options: ScalingOptions
  question: string
  startedAt: string
  setting: Setting
  /** How the load reaches the replicas; undefined where their number could not be set. */
  replicas: string | undefined
}

/** Reads to the left, writes to the right; a curve for each number of replicas. */
export function scalingPage({
  curves,
  options,
  question,
  startedAt,
  setting,
  replicas,
}: ScalingPage): string {
  const missing = sum(curves.map(({ completeness }) => completeness.missing))
  const { budgetMs } = options
  return page({
    title: 'Load: scaling',
    question,
    verdict: {
      isGood: missing === 0,
      text: missing > 0 ? LOST : 'Every acknowledged write is readable',
      details: [
        plural(sum(curves.map(({ completeness }) => completeness.acknowledged)), 'write') + ' acknowledged',
        `${missing} missing`,
      ],
    },
    headlines: missing > 0 ? [] : headlinesOf(curves),
    sections: [
      {
        title: 'Latency over rate',
        remark: `p99 of each step. The budget is ${budgetMs} ms; the upright line is the knee with one replica.`,
        charts: sidesOf(curves).map((side) => chart(latencyChart(side, of(curves, side), budgetMs))),
      },
      {
        title: 'What came of what was asked for',
        remark:
          'On the dotted line every journey is answered as it comes; where a curve leaves it, the system is full.',
        charts: sidesOf(curves).map((side) => chart(answeredChart(side, of(curves, side)))),
      },
      curveSection(curves),
      { title: 'CPU, from step to step', charts: curves.map(cpuOf) },
      stepSection(curves),
    ],
    notes: [
      ['When', startedAt],
      ...settingNotes(setting),
      ['Replicas', replicas ?? 'One of each, as it was found.'],
      ...stepNotes(options),
      ...METHOD,
    ],
  })
}

const stepNotes = ({ stepS, budgetMs }: ScalingOptions): [string, string][] => [
  [
    'Steps',
    `${stepS} s each, half as fast again as the one before, with 2 s of rest between them. The first quarter of a step ` +
      'does not count. The last one is the first of which a tenth took four times the budget or could not be begun.',
  ],
  [
    'Budget kept',
    `p99 below ${budgetMs} ms, nothing failed, nothing was not begun in time, and 95 % of the rate was answered. The ` +
      'rate is that of the last step before the first that did not; one that a faster one makes good is passed over.',
  ],
  [
    'Knee',
    'On the curve of p99 over rate, both stretched to 0 … 1, the step that lies furthest below the straight line ' +
      'between the first and the last step (Kneedle).',
  ],
  ['Ceiling', 'The most right answers a second in any step, whatever they took.'],
  [
    'Saturated',
    'By the CPU in the last step: an event loop from 0.85 of a core on, else the machine from 85 % on.',
  ],
]

const sidesOf = (curves: Curve[]): Side[] => [...new Set(curves.map(({ side }) => side))]
const of = (curves: Curve[], side: Side) => curves.filter((curve) => curve.side === side)
const cpuOf = (curve: Curve): Html =>
  html`<div>
    <p class="remark">${curve.side}, ${nameOf(curve)}</p>
    ${cpuChart(curve.seconds)}
  </div>`

function headlinesOf(curves: Curve[]): Headline[] {
  return curves.map((curve) => ({
    name: `${curve.side === 'reads' ? 'Reads' : 'Writes'}, ${nameOf(curve)}`,
    value: curve.verdict.heldTo === undefined ? '–' : shortNumber(curve.verdict.heldTo),
    unit: '/s',
    remark: `in budget; ceiling ${shortNumber(curve.verdict.ceiling)}/s`,
  }))
}

const curveSection = (curves: Curve[]): Section => ({
  title: 'Where each ends, and why',
  body: table(
    [
      { title: 'side', isText: true, cell: ({ side }) => side },
      { title: 'replicas', cell: ({ replicas }) => String(replicas) },
      { title: 'budget kept to', cell: ({ verdict }) => rate(verdict.heldTo) },
      { title: 'knee', cell: ({ verdict }) => rate(verdict.knee) },
      { title: 'ceiling', cell: ({ verdict }) => rate(verdict.ceiling) },
      {
        title: 'saturated part',
        isText: true,
        cell: endOf,
      },
      {
        title: 'completeness',
        isText: true,
        cell: ({ completeness }) => completenessLines(completeness).join(', '),
      },
    ],
    curves,
  ),
})

const stepSection = (curves: Curve[]): Section => ({
  title: 'All steps',
  body: table(
    [
      { title: 'side', isText: true, cell: ({ curve }) => curve.side },
      { title: 'replicas', cell: ({ curve }) => String(curve.replicas) },
      { title: 'asked for', cell: ({ step }) => rate(step.offered) },
      { title: 'answered', cell: ({ step }) => rate(step.achieved) },
      { title: 'p50', cell: ({ step }) => duration(step.latencyMs?.p50) },
      { title: 'p95', cell: ({ step }) => duration(step.latencyMs?.p95) },
      { title: 'p99', cell: ({ step }) => duration(step.latencyMs?.p99) },
      { title: 'failed', cell: ({ step }) => String(step.failed) },
      { title: 'k6 itself', cell: ({ step }) => cores(step.k6Cores) },
      { title: 'not begun', cell: ({ step }) => String(step.dropped) },
    ],
    curves.flatMap((curve) => curve.steps.map((step) => ({ curve, step }))),
  ),
})

const cores = (used: number | undefined) => (used === undefined ? '–' : `${used.toFixed(2)} cores`)
const rate = (perSecond: number | undefined) =>
  perSecond === undefined ? '–' : `${shortNumber(perSecond)}/s`
