import type { Chart } from '../report/chart.ts'
import { shortNumber, sum } from '../report/numbers.ts'
import type { Measured } from './measure.ts'

type Values = (number | null)[]

/** What the requests were like second by second, and what the pipeline did meanwhile. */
export function runCharts(
  { seconds, total }: Pick<Measured, 'seconds' | 'total'>,
  marks: Chart['marks'] = [],
): Chart[] {
  const of = (value: (second: Measured['seconds'][number]) => number | undefined): Values =>
    seconds.map((second) => value(second) ?? null)
  const common = { x: seconds.map(({ at }) => at), xUnit: 's', marks }
  const answered = of((second) => second.answered)
  const [failed, dropped] = [of((second) => second.failed), of((second) => second.dropped)]
  const backlog = of(({ backlogEvents }) => backlogEvents)
  return [
    {
      ...common,
      title: 'Throughput and errors',
      unit: 'a second',
      series: [
        { name: 'answered', values: answered, legend: `${mean(answered)} on average` },
        { name: 'failed', values: failed, colour: 1, legend: inAll(total.failed) },
        { name: 'not begun in time', values: dropped, colour: 3, legend: inAll(total.dropped) },
      ],
    },
    {
      ...common,
      title: 'Latency',
      unit: 'ms, logarithmic',
      isLog: true,
      series: [
        worst(
          'p50',
          of(({ latencyMs }) => latencyMs?.p50),
          0,
        ),
        worst(
          'p95',
          of(({ latencyMs }) => latencyMs?.p95),
          4,
        ),
        worst(
          'p99',
          of(({ latencyMs }) => latencyMs?.p99),
          3,
        ),
        {
          ...worst(
            'max',
            of(({ latencyMs }) => latencyMs?.max),
            7,
          ),
          isDashed: true,
        },
      ],
    },
    {
      ...common,
      title: 'The pipeline: commit to visible',
      unit: 'ms, logarithmic',
      isLog: true,
      series: [
        worst(
          'p50',
          of(({ visibleP50Ms }) => visibleP50Ms),
          0,
        ),
        worst(
          'p99',
          of(({ visibleP99Ms }) => visibleP99Ms),
          3,
        ),
        {
          ...worst(
            'oldest not yet stored',
            of(({ lagMs }) => lagMs || undefined),
            7,
          ),
          isDashed: true,
          hasDots: true,
        },
      ],
    },
    ...byToken(seconds, common),
    {
      ...common,
      title: 'The pipeline: backlog',
      unit: 'events that the broker has not confirmed',
      yMin: 10,
      series: [{ ...worst('backlog', backlog, 2) }],
    },
  ]
}

/** Where the script reads its writes back. */
function byToken(seconds: Measured['seconds'], common: Pick<Chart, 'x' | 'xUnit' | 'marks'>): Chart[] {
  if (!seconds.some(({ visibleMs }) => visibleMs)) return []
  const of = (name: 'p50' | 'p95' | 'p99') => seconds.map(({ visibleMs }) => visibleMs?.[name] ?? null)
  return [
    {
      ...common,
      title: 'Answer to visible, by token',
      unit: 'ms, logarithmic',
      isLog: true,
      series: [worst('p50', of('p50'), 0), worst('p95', of('p95'), 4), worst('p99', of('p99'), 3)],
    },
  ]
}

const known = (values: Values) => values.filter((value) => value !== null)
const mean = (values: Values) => shortNumber(sum(known(values)) / Math.max(1, known(values).length))
const inAll = (count: number) => `${shortNumber(count)} in all`

/** In the legend stands the worst second: that is what a curve is looked at for. */
function worst(name: string, values: Values, colour: number) {
  const most = Math.max(...known(values))
  return { name, values, colour, legend: Number.isFinite(most) ? `up to ${shortNumber(most)}` : '–' }
}
