import { px, WIDTH } from './axes.ts'
import { type Html, html, join } from './html.ts'
import { linearScale } from './scale.ts'

export interface Bars {
  title: string
  unit: string
  bars: Bar[]
  /** Upright, through all bars. */
  limit: { value: number; text: string }
}

export interface Bar {
  name: string
  value: number
  /** The figure beside the bar. */
  text: string
  /** A short upright line across this bar. */
  mark?: number
  colour?: number
}

const LEFT = 220
/** What fits there. */
const NAME_MAX = 34
const ROW = 24
const TOP = 20

/** Lying bars against one limit, a line each; a bar that would leave the picture ends at its edge. */
export function barChart({ title, unit, bars, limit }: Bars): Html {
  const right = WIDTH - 110
  const marks = bars.flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
  const highest = Math.max(...bars.map(({ value }) => value), ...marks, limit.value)
  const scale = linearScale(Math.min(highest, MOST * limit.value), [LEFT, right])
  const at = (value: number) => Math.min(scale.at(value), right)
  const height = TOP + bars.length * ROW + 6
  return html`<figure>
    <figcaption>${title} <small>${unit}</small></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}, ${unit}">
      <path class="limit" d="M${px(at(limit.value))},${TOP - 4}V${height}" />
      ${join(bars.map((bar, n) => drawn(bar, TOP + n * ROW, at)))}
      <text class="x limit-name" x="${px(at(limit.value))}" y="11">${limit.text}</text>
    </svg>
  </figure>`
}

/** Times the limit: beyond it the others could not be told apart any more. */
const MOST = 12

const drawn = ({ name, value, text, mark, colour = 0 }: Bar, y: number, at: (value: number) => number) =>
  html`<text class="y" x="${LEFT - 8}" y="${y + 14}">${cut(name)}</text
    ><rect
      class="bar c${colour + 1}"
      x="${LEFT}"
      y="${y + 3}"
      width="${px(Math.max(1, at(value) - LEFT))}"
      height="${ROW - 8}"
      ><title>${name}: ${text}</title></rect
    ><text x="${px(at(value) + 6)}" y="${y + 14}">${text}</text>${
      mark === undefined ? '' : html`<path class="mark" d="M${px(at(mark))},${y}V${y + ROW - 2}" />`
    }`

const cut = (name: string) => (name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name)
