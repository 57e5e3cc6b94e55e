import { type Chart, chart } from '../report/chart.ts'
import { html, join } from '../report/html.ts'
import type { Section } from '../report/page.ts'
import { table } from '../report/table.ts'
import { duration } from './figures.ts'
import type { Measured } from './measure.ts'
import type { Group } from './timeline.ts'

type Scenarios = Pick<Measured, 'scenarios'>

/** What it took until writes were read by their tokens; none where the script does not ask for that. */
export function visibleSections({ scenarios }: Scenarios): Section[] {
  const groups = inOrder({ scenarios })
  if (groups.length === 0) return []
  return [
    {
      title: 'Write to visible, by token',
      remark:
        "As a client sees it: from the write's answer, and from sending its request, to the answer of a read by its token.",
      body: html`${join(rateCharts(groups))}${table(
        [
          { title: 'writes', isText: true, cell: nameOf },
          { title: 'read back', cell: ({ visible }) => visible.toLocaleString('en-US') },
          ...PERCENTILES.map((name) => ({
            title: name,
            cell: ({ visibleMs }: Group) => duration(visibleMs.answer?.[name]),
          })),
          ...(['p50', 'p99'] as const).map((name) => ({
            title: `${name} since the request`,
            cell: ({ visibleMs }: Group) => duration(visibleMs.request?.[name]),
          })),
        ],
        groups,
      )}`,
    },
  ]
}

/** The same for a terminal. */
export const visibleLines = (measured: Scenarios): string[] =>
  inOrder(measured).map((group) => {
    const of = (since: 'answer' | 'request') =>
      (['p50', 'p99'] as const).map((name) => `${name} ${duration(group.visibleMs[since]?.[name])}`).join(' ')
    return `${nameOf(group)}: answer to visible ${of('answer')}; request to visible ${of('request')}`
  })

const PERCENTILES = ['p50', 'p95', 'p99', 'max'] as const

const inOrder = ({ scenarios }: Scenarios) =>
  scenarios
    .filter(({ visible }) => visible > 0)
    .toSorted((a, b) => (a.offered ?? 0) - (b.offered ?? 0) || (a.name < b.name ? -1 : 1))

const nameOf = ({ name, offered }: Group) => (offered === undefined ? name : `${offered}/s`)

/** Over the rates, where there are several. */
function rateCharts(groups: Group[]) {
  const steps = groups.filter(({ offered }) => offered !== undefined)
  if (steps.length < 2) return []
  const over = (since: 'answer' | 'request'): Chart => ({
    title: `From the ${since}`,
    unit: 'ms until visible, logarithmic',
    x: steps.map(({ offered }) => offered!),
    xUnit: '/s',
    isLog: true,
    series: (['p50', 'p95', 'p99'] as const).map((name, n) => ({
      name,
      values: steps.map(({ visibleMs }) => visibleMs[since]?.[name] ?? null),
      hasDots: true,
      colour: [0, 4, 3][n]!,
    })),
  })
  return [html`<div class="charts">${chart(over('answer'))}${chart(over('request'))}</div>`]
}
