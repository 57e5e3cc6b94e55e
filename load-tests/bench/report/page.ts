import { barChart } from '../../../ops/report/bars.ts'
import { chart } from '../../../ops/report/chart.ts'
import { html, type Html } from '../../../ops/report/html.ts'
import { shortNumber } from '../../../ops/report/numbers.ts'
import { page, type Section } from '../../../ops/report/page.ts'
import { mark, table } from '../../../ops/report/table.ts'
import { tailPercents, type Tail } from '../machinery/figures.ts'
import type { Row, Side } from '../machinery/result.ts'
import type { BenchResult } from '../run.ts'
import { figure } from './text.ts'

/** One page that needs nothing else. */
export function benchPage({ rows, failures, setting }: BenchResult): string {
  const judged = rows.filter(({ ok }) => ok !== null)
  const missed = judged.filter(({ ok }) => !ok)
  return page({
    title: setting.quick ? 'Bench, in small sizes' : 'Bench',
    question:
      'How fast is each stage, beside the raw tool that shows its limit on the same machine in the same run?',
    verdict: {
      isGood: missed.length === 0 && failures.length === 0,
      text: `${judged.length - missed.length} of ${judged.length} targets reached`,
      details: [
        ...missed.map(({ title }) => `missed: ${title}`),
        ...failures.map(({ part, reason }) => `${part} has no figure: ${reason}`),
        ...(setting.quick ? ['small sizes: this says that it works, not how fast it is'] : []),
      ],
    },
    headlines: [],
    sections: [
      bars(rows),
      tableSection(rows),
      latencies(rows),
      overTime(rows),
      costs(rows),
      cpuSection(rows),
    ].filter((section): section is Section => section !== undefined),
    notes: [
      ['When', setting.at],
      ['Commit', setting.commit],
      ['Machine', setting.machine],
      ['Versions', setting.versions],
      ['Store', setting.store],
      ['Settings', setting.settings],
      [
        'Sizes',
        Object.entries(setting.sizes)
          .map(([name, value]) => `${name} ${value}`)
          .join(', '),
      ],
      ...METHOD,
    ],
  })
}

const METHOD: [string, string][] = [
  [
    'Turns',
    'Ours and its twin one after the other, again and again: A B A B. Figures are medians; ± is half the way from the lowest to the highest.',
  ],
  [
    'Complete',
    'After every repetition all that was counted is looked for, at its place and in its order. What is lost, doubled or out of order has no figure.',
  ],
  [
    'T / T_max',
    'T_max is what the cores could do if our own processes took no CPU at all: cores by the CPU of everything else for one operation.',
  ],
  [
    'CPU',
    'User and system time of each process with all that it has started, from /proc. "load" is what makes the load.',
  ],
]

/** What is better when lower is turned over, so that longer is better in every bar. */
const strength = ({ better, ratio }: Row) => (better === 'higher' ? ratio : 1 / ratio)
const wanted = ({ better, target }: Row) => {
  const ratio = Number(/[\d.]+/.exec(target ?? '')?.[0])
  return Number.isNaN(ratio) ? undefined : better === 'higher' ? ratio : 1 / ratio
}

function bars(rows: readonly Row[]): Section {
  const judged = rows.filter(({ target }) => target !== null)
  return {
    title: 'Against the limit',
    remark:
      'The red line is the raw twin of each row; the short line across a bar is the target. Where less is better the ratio is turned over: longer is always better.',
    charts:
      judged.length === 0
        ? []
        : [
            barChart({
              title: 'Ours by the limit',
              unit: 'times the raw twin',
              limit: { value: 1, text: 'limit' },
              bars: judged.map((row) => ({
                name: row.title,
                value: strength(row),
                text: `${shortNumber(row.ratio)} ×`,
                mark: wanted(row),
                colour: row.ok ? 2 : 1,
              })),
            }),
            ...rows.filter(({ beside }) => beside.length > 0).map(besideBars),
          ],
  }
}

const besideBars = (row: Row): Html => {
  const { title, unit, ours, twin, beside } = row
  return barChart({
    title,
    unit: unit === 'a second' ? 'a second' : unit,
    limit: { value: twin.rate, text: 'limit' },
    bars: [ours, twin, ...beside].map((side, n) => ({
      name: side.name,
      value: side.rate,
      text: figure(side, unit),
      colour: n === 0 ? 2 : n === 1 ? 8 : 4,
    })),
  })
}

const tableSection = (rows: readonly Row[]): Section => ({
  title: 'Every row',
  body: table<Row>(
    [
      { title: 'row', isText: true, cell: ({ title }) => title },
      { title: 'target', isText: true, cell: ({ target }) => target ?? '' },
      { title: '', isText: true, cell: ({ ok }) => (ok === null ? '' : mark(ok, ok ? 'reached' : 'missed')) },
      { title: 'ours', cell: ({ ours, unit }) => figure(ours, unit) },
      { title: 'limit', cell: ({ twin, unit }) => figure(twin, unit) },
      { title: 'ratio', cell: ({ ratio }) => `${shortNumber(ratio)} ×` },
      { title: 'T / T_max', cell: ({ of_t_max }) => (of_t_max === null ? '' : shortNumber(of_t_max)) },
      { title: 'times', cell: ({ repetitions }) => String(repetitions) },
      { title: 'the limit is', isText: true, cell: ({ twin }) => twin.name },
    ],
    rows,
  ),
})

const sidesOf = ({ ours, twin, beside }: Row): Side[] => [ours, twin, ...beside]

function latencies(rows: readonly Row[]): Section | undefined {
  const seen = new Set<string>()
  const timed = rows.filter(
    (row) => row.ours.latency_ms && !seen.has(row.ours.name) && seen.add(row.ours.name),
  )
  if (timed.length === 0) return undefined
  const x = tailPercents.map(Number)
  return {
    title: 'Latencies, as distributions',
    remark:
      'So many percent took at most so long. Free-running load has every connection busy: there a latency is what the queue makes of it.',
    charts: timed.map((row) => {
      const sides = sidesOf(row).filter(
        (side): side is Side & { latency_ms: Tail } => side.latency_ms !== undefined,
      )
      return chart({
        title: row.title,
        unit: 'ms, logarithmic',
        isLog: true,
        x,
        xUnit: '%',
        series: sides.map(({ name, latency_ms }) => ({
          name,
          values: tailPercents.map((percent) => latency_ms[percent] || null),
          legend: `p50 ${shortNumber(latency_ms['50'])}, p99 ${shortNumber(latency_ms['99'])}`,
          hasDots: true,
        })),
      })
    }),
  }
}

function overTime(rows: readonly Row[]): Section | undefined {
  const drained = rows.filter(({ unit, ours }) => unit === 'a second' && (ours.progress?.length ?? 0) > 2)
  if (drained.length === 0) return undefined
  return {
    title: 'Rate over time',
    remark: 'Of the last repetition, from one look to the next.',
    charts: drained.map(({ title, ours }) => {
      const points = ours.progress!
      const rates = points
        .slice(1)
        .map(([at, done], n) => ((done - points[n]![1]) * 1_000) / Math.max(1, at - points[n]![0]))
      return chart({
        title,
        unit: 'a second',
        x: points.slice(1).map(([at]) => at / 1_000),
        xUnit: 's',
        series: [{ name: ours.name, values: rates, legend: `${shortNumber(ours.rate)} a second` }],
        limits: [],
      })
    }),
  }
}

/** Rows that differ by a size: those of one process to three, and of small to large. */
function costs(rows: readonly Row[]): Section | undefined {
  const families = Map.groupBy(
    rows.filter(({ size, unit }) => size !== null && unit === 'a second'),
    ({ name }) => name.replace(/-\d+$/, ''),
  )
  if (families.size === 0) return undefined
  const cost = ({ cpu_ms }: Side) => Object.values(cpu_ms).reduce((total, ms) => total + ms, 0)
  return {
    title: 'Cost against size',
    remark: 'CPU of all processes together for one operation, and the rate.',
    charts: [...families].flatMap(([name, family]) => {
      // One row of growth has both ends in it: its twin is the small one.
      const points =
        family.length > 1
          ? family.map((row) => ({ x: row.size!, rate: row.rate, cost: cost(row.ours) }))
          : [
              { x: 0, rate: family[0]!.limit, cost: cost(family[0]!.twin) },
              { x: 1, rate: family[0]!.rate, cost: cost(family[0]!.ours) },
            ]
      const common = {
        x: points.map(({ x }) => x),
        xUnit: family.length > 1 ? 'processes' : '(small, large)',
      }
      const title = family.length > 1 ? name : family[0]!.title
      return [
        chart({
          ...common,
          title,
          unit: 'a second',
          series: [{ name: 'rate', values: points.map(({ rate }) => rate), hasDots: true }],
        }),
        chart({
          ...common,
          title,
          unit: 'CPU ms each',
          series: [{ name: 'CPU', values: points.map((p) => p.cost), hasDots: true, colour: 1 }],
        }),
      ]
    }),
  }
}

function cpuSection(rows: readonly Row[]): Section | undefined {
  const rates = rows.filter(({ unit }) => unit === 'a second')
  if (rates.length === 0) return undefined
  return {
    title: 'CPU of one operation, by process',
    remark: 'Milliseconds: of all figures the one that another machine’s reader can use.',
    body: table<{ row: Row; side: Side }>(
      [
        { title: 'row', isText: true, cell: ({ row }) => row.title },
        { title: 'of', isText: true, cell: ({ side }) => side.name },
        {
          title: 'ms',
          isText: true,
          cell: ({ side }) =>
            html`${Object.entries(side.cpu_ms)
              .filter(([, ms]) => ms > 0)
              .map(([part, ms]) => `${part} ${shortNumber(ms)}`)
              .join(' · ')}`,
        },
      ],
      rates.flatMap((row) => sidesOf(row).map((side) => ({ row, side }))),
    ),
  }
}
