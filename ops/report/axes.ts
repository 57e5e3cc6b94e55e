import type { Chart } from './chart.ts'
import { type Html, html, join } from './html.ts'
import { shortNumber } from './numbers.ts'
import type { Scale } from './scale.ts'

/** Of the picture, and of the part that the curves are in. */
export const WIDTH = 560
export const HEIGHT = 230
export const FRAME = { left: 46, right: WIDTH - 10, top: 16, bottom: HEIGHT - 24 }

/** A tenth of a point is finer than anyone sees. */
export const px = (value: number) => String(Number(value.toFixed(1)))

export const grid = (y: Scale) =>
  join(
    y.ticks.map(
      (tick) =>
        html`<path class="grid" d="M${FRAME.left},${px(y.at(tick))}H${FRAME.right}" /><text
            class="y"
            x="${FRAME.left - 6}"
            y="${px(y.at(tick) + 3.5)}"
            >${shortNumber(tick)}</text
          >`,
    ),
  )

export const xAxis = (ticks: number[], at: (x: number) => number, unit: string) =>
  join(
    ticks.map(
      (tick, n) =>
        html`<text
          class="x ${at(tick) > FRAME.right - 30 ? 'left' : ''}"
          x="${px(at(tick))}"
          y="${FRAME.bottom + 16}"
          >${shortNumber(tick)}${n === ticks.length - 1 ? ` ${unit}` : ''}</text
        >`,
    ),
  )

export const upright = (x: number, text: string) =>
  html`<path class="mark" d="M${px(x)},${FRAME.top}V${FRAME.bottom}" /><text
      class="mark ${x > WIDTH / 2 ? 'left' : ''}"
      x="${px(x + (x > WIDTH / 2 ? -4 : 4))}"
      y="${FRAME.top + 9}"
      >${text}</text
    >`

export const limit = (y: number, text: string) =>
  html`<path class="limit" d="M${FRAME.left},${px(y)}H${FRAME.right}" /><text
      class="limit"
      x="${FRAME.right}"
      y="${px(y - 4)}"
      >${text}</text
    >`

/** A strip for each x, half-way to its neighbours, that shows what all the lines are at there. */
export function hints({ x, xUnit, unit, series }: Chart, at: (x: number) => number): Html {
  const edge = (n: number) => {
    const [left, right] = [x[n - 1] ?? x[n]!, x[n] ?? x[n - 1]!]
    return at((left + right) / 2)
  }
  return join(
    x.map((value, n) => {
      const [left, right] = x.length > 1 ? [edge(n), edge(n + 1)] : [FRAME.left, FRAME.right]
      const figures = series.map(
        ({ name, values }) => `${name} ${values[n] == null ? '–' : shortNumber(values[n])}`,
      )
      const text = [`${shortNumber(value)} ${xUnit}`, ...figures, `(${unit})`].join('\n')
      return html`<rect
        class="hint"
        x="${px(left)}"
        y="${FRAME.top}"
        width="${px(right - left)}"
        height="${FRAME.bottom - FRAME.top}"
        ><title>${text}</title></rect
      >`
    }),
  )
}
