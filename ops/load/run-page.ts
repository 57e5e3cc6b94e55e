import { cpus } from 'node:os'
import { chart } from '../report/chart.ts'
import { shortNumber, sum } from '../report/numbers.ts'
import { type Headline, type Verdict, page } from '../report/page.ts'
import type { Completeness } from './completeness.ts'
import { coresOf, cpuChart, cpuTable } from './cpu.ts'
import { duration, plural } from './figures.ts'
import type { Setting } from './machine.ts'
import type { Measured } from './measure.ts'
import { memorySection } from './memory.ts'
import type { Recovery, Spike } from './recovery.ts'
import { runCharts } from './run-charts.ts'
import { budgetSection, routeSection } from './run-tables.ts'
import { visibleSections } from './visible.ts'

export interface RunPage {
  measured: Measured
  /** The script's first line. */
  question: string
  setting: Setting
  /** Of `spike.ts`. */
  spike?: Pick<Spike, 'marks' | 'recoveries'> | undefined
}

export function runPage({ measured, question, setting, spike }: RunPage): string {
  const { script, completeness, startedAt, seconds } = measured
  const rate = ratePerSecond(measured)
  const spanS = seconds[0]?.spanS ?? 1
  return page({
    title: `Load: ${script}`,
    question,
    verdict: verdictOf(measured),
    headlines: completeness.missing > 0 ? [] : headlinesOf(measured, rate, spike?.recoveries),
    sections: [
      ...visibleSections(measured),
      {
        title: spanS === 1 ? 'Second by second' : `Every ${spanS} seconds`,
        remark: 'Pointing at a curve shows its figures.',
        charts: [...runCharts(measured, spike?.marks).map(chart), cpuChart(seconds), cpuTable(seconds, rate)],
      },
      memorySection(measured),
      budgetSection(measured),
      routeSection(measured),
    ],
    notes: [['When', startedAt], ...settingNotes(setting), ...METHOD],
  })
}

export const settingNotes = ({ machine, store, versions, system }: Setting): [string, string][] => [
  ['System', system],
  ['Machine', machine],
  ['Store', store],
  ['Versions', versions],
]

export const METHOD: [string, string][] = [
  [
    'Load',
    'Open: journeys begin at a fixed rate whatever the answers take, so that a stall is counted and not waited out. ' +
      'What could not begin in time is counted too.',
  ],
  [
    'Latency',
    'As k6 has it, from the first byte sent to the last one received; of all requests of the load, without set-up.',
  ],
  [
    'Commit to visible',
    "From the event's time to its being in the store, from the projector's own histogram, so exact to a bucket.",
  ],
  ['CPU', "Each process's user and system time, with what it has started, from /proc, once a second."],
  [
    'Curves',
    'By the second in which the answer came; the last one, which is not whole, is left out of them.',
  ],
]

export const isPassed = ({ completeness, budgets }: Measured) =>
  completeness.missing === 0 && budgets.every(({ isMet }) => isMet)

function verdictOf(measured: Measured): Verdict {
  const { completeness, budgets } = measured
  const broken = budgets.filter(({ isMet }) => !isMet).length
  const outcome =
    broken > 0
      ? `${broken} of ${plural(budgets.length, 'budget')} broken`
      : `All ${plural(budgets.length, 'budget')} met`
  return {
    isGood: isPassed(measured),
    text: completeness.missing > 0 ? LOST : outcome,
    details: completenessLines(completeness),
  }
}

export const LOST = 'Acknowledged writes are missing: this run has no figure'

export function completenessLines(found: Completeness): string[] {
  const { acknowledged, users, readable, missing, convergedMs, firstMissing } = found
  return [
    `${plural(acknowledged, 'write')} acknowledged, to ${plural(users, 'user')}`,
    `${readable.toLocaleString('en-US')} readable`,
    `${missing.toLocaleString('en-US')} missing`,
    convergedMs === undefined
      ? `first missing: ${firstMissing.join(', ')}`
      : `all visible ${duration(convergedMs)} after the load`,
  ]
}

/** Of the whole seconds. */
function ratePerSecond({ seconds }: Measured): number {
  return sum(seconds.map(({ answered }) => answered)) / Math.max(1, seconds.length)
}

function headlinesOf(
  { total, visible, seconds }: Measured,
  rate: number,
  recoveries: Recovery[] = [],
): Headline[] {
  const { latencyMs, answered, failed, dropped } = total
  const ms = (value: number | undefined) => ({
    value: value === undefined ? '–' : shortNumber(value),
    unit: 'ms',
  })
  return [
    { name: 'Throughput', value: shortNumber(rate), unit: '/s', remark: `${plural(answered, 'answer')}` },
    { name: 'Latency p50', ...ms(latencyMs?.p50), remark: 'half are slower' },
    { name: 'Latency p95', ...ms(latencyMs?.p95), remark: '1 of 20 is slower' },
    { name: 'Latency p99', ...ms(latencyMs?.p99), remark: `the slowest: ${duration(latencyMs?.max)}` },
    ...(visible
      ? [{ name: 'Commit to visible p50', ...ms(visible.p50Ms), remark: `p99 ${duration(visible.p99Ms)}` }]
      : []),
    ...recoveries.map(({ what, beforeMs, worstMs, recoveredMs }) => ({
      name: `${what[0]!.toUpperCase()}${what.slice(1)} as before`,
      ...secondsAfter(recoveredMs),
      remark: `after the spike; up to ${duration(beforeMs)} before it, ${duration(worstMs)} since`,
    })),
    { name: 'Failed', value: shortNumber(failed), unit: '', remark: `${dropped} not begun in time` },
    {
      name: 'k6 itself',
      value: shortNumber(coresOf(seconds, 'k6')),
      unit: 'cores',
      remark: `of ${cpus().length}`,
    },
  ]
}

const secondsAfter = (ms: number | undefined) =>
  ms === undefined ? { value: 'not seen', unit: '' } : { value: shortNumber(ms / 1_000), unit: 's' }
