import { FRAME, HEIGHT, WIDTH, grid, hints, limit, px, upright, xAxis } from './axes.ts'
import { type Html, html, join } from './html.ts'
import { shortNumber } from './numbers.ts'
import { type Scale, linearScale, logScale } from './scale.ts'

export interface Chart {
  title: string
  /** Of the vertical axis. */
  unit: string
  x: number[]
  xUnit: string
  series: Series[]
  /** Each series stands on those before it. */
  isStacked?: boolean
  /** For values that differ by orders of magnitude. */
  isLog?: boolean
  /** The vertical axis reaches this far at least. */
  yMin?: number
  /** Upright lines with a word. */
  marks?: { x: number; text: string }[]
  /** Level lines with a word. */
  limits?: { y: number; text: string }[]
}

export interface Series {
  name: string
  /** One for each x; null where nothing is known. */
  values: (number | null)[]
  isDashed?: boolean
  /** The figure in the legend; the last value else. */
  legend?: string
  /** Its colour, by number; its place in the list else. */
  colour?: number
  /** A dot at each value. */
  hasDots?: boolean
}

const COLOURS = 9
/** An SVG of its own, drawn here; pointing at a place shows the figures there. */
export function chart(options: Chart): Html {
  const series = options.isStacked ? stacked(options.series) : options.series
  const values = series.flatMap(({ values: own }) => own.filter((value) => value !== null))
  const limits = options.limits ?? []
  const max = Math.max(options.yMin ?? 0, ...values, ...limits.map(({ y }) => y))
  const vertical: [number, number] = [FRAME.bottom, FRAME.top]
  const positive = values.filter((value) => value > 0)
  const y =
    options.isLog && positive.length > 0
      ? logScale([Math.min(...positive), max], vertical)
      : linearScale(max, vertical)
  const first = options.x[0] ?? 0
  const span = (options.x.at(-1) ?? first) - first || 1
  const ticks = linearScale(first + span, [0, 1]).ticks.filter(
    (tick) => tick >= first && tick <= first + span,
  )
  const at = (value: number) => FRAME.left + ((value - first) / span) * (FRAME.right - FRAME.left)
  return html`<figure>
    <figcaption>${options.title} <small>${options.unit}</small></figcaption>
    <ul class="legend">
      ${join(options.series.map((one, n) => legend(one, n)))}
    </ul>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${options.title}, ${options.unit}">
      ${grid(y)} ${xAxis(ticks, at, options.xUnit)}
      ${join(series.map((one, n) => drawn(one, n, options, { at, y, below: series[n - 1] })).toReversed())}
      ${join(limits.map(({ y: value, text }) => limit(y.at(value), text)))}
      ${join((options.marks ?? []).map(({ x: value, text }) => upright(at(value), text)))}
      ${hints(options, at)}
    </svg>
  </figure>`
}

const colourOf = ({ colour }: Series, n: number) => ((colour ?? n) % COLOURS) + 1

function legend(series: Series, n: number): Html {
  const last = series.values.findLast((value) => value !== null)
  const text = series.legend ?? (last == null ? '–' : shortNumber(last))
  return html`<li>
    <i class="c${colourOf(series, n)} ${series.isDashed ? 'dashed' : ''}"></i>${series.name} <b>${text}</b>
  </li> `
}

interface Place {
  at(x: number): number
  y: Scale
  below: Series | undefined
}

function drawn(series: Series, n: number, { x, isStacked }: Chart, { at, y, below }: Place): Html {
  const colour = `c${colourOf(series, n)}`
  const points = series.values.map((value, i) =>
    value === null ? undefined : ([at(x[i]!), y.at(value)] as const),
  )
  const runs = unbroken(points)
  const dots = series.hasDots
    ? points
        .filter((point) => point !== undefined)
        .map(([cx, cy]) => html`<circle class="${colour}" cx="${px(cx)}" cy="${px(cy)}" r="3" />`)
    : []
  const lines = runs.map(
    (run) => html`<path class="line ${colour} ${series.isDashed ? 'dashed' : ''}" d="M${path(run)}" />`,
  )
  if (!isStacked) return join([...lines, ...dots])
  const floor = series.values.map((_, i) => [at(x[i]!), y.at(below?.values[i] ?? 0)] as const)
  return html`<path class="area ${colour}" d="M${path(runs.flat())}L${path(floor.toReversed())}Z" />`
}

/** The runs of points with nothing unknown between them. */
function unbroken<P>(points: (P | undefined)[]): P[][] {
  const runs: P[][] = [[]]
  for (const point of points) {
    if (point === undefined) runs.push([])
    else runs.at(-1)!.push(point)
  }
  return runs.filter((run) => run.length > 0)
}

/** Sums; what is unknown counts as nothing. */
function stacked(series: Series[]): Series[] {
  const sums: number[] = []
  return series.map((one) => ({
    ...one,
    values: one.values.map((value, i) => (sums[i] = (sums[i] ?? 0) + (value ?? 0))),
  }))
}

const path = (points: readonly (readonly [number, number])[]) =>
  points.map(([x, y]) => `${px(x)},${px(y)}`).join('L')
