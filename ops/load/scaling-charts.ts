import type { Chart, Series } from '../report/chart.ts'
import { shortNumber } from '../report/numbers.ts'
import type { Curve, Side } from './curve.ts'
import { plural } from './figures.ts'
import type { Step } from './steps.ts'

export const nameOf = ({ replicas }: Curve) => plural(replicas, 'replica')

const rates = (curves: Curve[]) =>
  [...new Set(curves.flatMap(({ steps }) => steps.map(({ offered }) => offered)))].toSorted((a, b) => a - b)

function seriesOf(
  curve: Curve,
  x: number[],
  value: (step: Step) => number | undefined,
): Omit<Series, 'legend'> {
  const steps = new Map(curve.steps.map((step) => [step.offered, step]))
  const values = x.map((rate) => (steps.has(rate) ? (value(steps.get(rate)!) ?? null) : null))
  return { name: nameOf(curve), values, hasDots: true }
}

export function latencyChart(side: Side, curves: Curve[], budgetMs: number): Chart {
  const x = rates(curves)
  const knee = curves[0]?.verdict.knee
  return {
    title: side === 'reads' ? 'Reads' : 'Writes',
    unit: 'p99 in ms, logarithmic',
    x,
    xUnit: '/s',
    isLog: true,
    limits: [{ y: budgetMs, text: `budget ${budgetMs} ms` }],
    marks: knee === undefined ? [] : [{ x: knee, text: `knee ${knee}/s` }],
    series: curves.map((curve) => ({
      ...seriesOf(curve, x, ({ latencyMs }) => latencyMs?.p99),
      legend:
        curve.verdict.heldTo === undefined
          ? 'broken at once'
          : `kept to ${shortNumber(curve.verdict.heldTo)}/s`,
    })),
  }
}

export function answeredChart(side: Side, curves: Curve[]): Chart {
  const x = rates(curves)
  return {
    title: side === 'reads' ? 'Reads' : 'Writes',
    unit: 'answered a second, over those asked for',
    x,
    xUnit: '/s',
    series: [
      ...curves.map((curve) => ({
        ...seriesOf(curve, x, ({ achieved }) => achieved),
        legend: `ceiling ${shortNumber(curve.verdict.ceiling)}/s`,
      })),
      { name: 'asked for', values: x, isDashed: true, colour: 8, legend: '' },
    ],
  }
}
