import { type Chart, chart } from '../report/chart.ts'
import { shortNumber, sum } from '../report/numbers.ts'
import type { Section } from '../report/page.ts'
import { table } from '../report/table.ts'
import { html } from '../report/html.ts'
import { colourOf } from './cpu.ts'
import type { Measured } from './measure.ts'
import type { Sample } from './sampler.ts'

/** What a process, with all that it has started, held of the machine's memory. */
export interface Memory {
  name: string
  startMb: number
  endMb: number
  /** Of the straight line with the least squares, without the first quarter of the time; undefined of too few samples. */
  slopeMbPerMin: number | undefined
}

/** In it caches fill and code is compiled: it would hide what grows for good, or look like it. */
const WARM_PART = 0.25
const LEAST_SAMPLES = 3

export function memoryOf(samples: readonly Pick<Sample, 'timeMs' | 'rssMb'>[]): Memory[] {
  const names = [...new Set(samples.flatMap(({ rssMb }) => Object.keys(rssMb)))]
  return names.flatMap((name) => {
    // Zero: it was not there yet, or not any more.
    const seen = samples.filter(({ rssMb }) => rssMb[name])
    const [first, last] = [seen[0], seen.at(-1)]
    if (!first || !last) return []
    const warm = seen.slice(Math.floor(seen.length * WARM_PART))
    return [
      {
        name,
        startMb: first.rssMb[name]!,
        endMb: last.rssMb[name]!,
        slopeMbPerMin:
          warm.length < LEAST_SAMPLES
            ? undefined
            : slopeOf(warm.map(({ timeMs, rssMb }) => ({ x: timeMs / 60_000, y: rssMb[name]! }))),
      },
    ]
  })
}

/** By how much y grows with 1 more of x, on the straight line with the least squares. */
export function slopeOf(points: readonly { x: number; y: number }[]): number {
  const mean = (of: 'x' | 'y') => sum(points.map((point) => point[of])) / points.length
  const [meanX, meanY] = [mean('x'), mean('y')]
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2))
  return spread === 0 ? 0 : sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread
}

export function memorySection({ memory, seconds }: Pick<Measured, 'memory' | 'seconds'>): Section {
  return {
    title: 'Memory by process',
    remark:
      'Resident, of each process with all that it has started; what those share counts for each of them. The slope is that of the ' +
      'straight line with the least squares, without the first quarter: of a run of seconds it says nothing.',
    charts: [
      chart(memoryChart({ memory, seconds })),
      html`<figure>
        ${table(
          [
            { title: '', isText: true, cell: ({ name }) => name },
            { title: 'at the start', cell: ({ startMb }) => `${shortNumber(startMb)} MB` },
            { title: 'at the end', cell: ({ endMb }) => `${shortNumber(endMb)} MB` },
            { title: 'slope', cell: ({ slopeMbPerMin }) => slopeText(slopeMbPerMin) },
          ],
          memory,
        )}
      </figure>`,
    ],
  }
}

export const slopeText = (slope: number | undefined) =>
  slope === undefined ? '–' : signed(Number(slope.toFixed(2)))

const signed = (slope: number) => `${slope > 0 ? '+' : ''}${shortNumber(slope)} MB/min`

const memoryChart = ({ memory, seconds }: Pick<Measured, 'memory' | 'seconds'>): Chart => ({
  title: 'Resident memory',
  unit: 'MB, logarithmic',
  isLog: true,
  x: seconds.map(({ at }) => at),
  xUnit: 's',
  series: memory.map(({ name, endMb }) => ({
    name,
    values: seconds.map(({ rssMb }) => rssMb?.[name] || null),
    legend: shortNumber(endMb),
    colour: colourOf(name),
  })),
})
