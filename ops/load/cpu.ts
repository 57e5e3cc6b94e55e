import { cpus } from 'node:os'
import { type Chart, chart } from '../report/chart.ts'
import { type Html, html } from '../report/html.ts'
import { shortNumber, sum } from '../report/numbers.ts'
import { table } from '../report/table.ts'
import type { Seen } from './seen.ts'

type Seconds = readonly Partial<Seen>[]

export const ELSE = 'everything else here'

/** The cores that each part used, one on the other, with what else the machine did on top. */
export function cpuChart(seconds: ({ at: number } & Partial<Seen>)[]): Html {
  const coresMax = cpus().length
  const options: Chart = {
    title: 'CPU by process',
    unit: 'cores in use',
    x: seconds.map(({ at }) => at),
    xUnit: 's',
    isStacked: true,
    yMin: coresMax,
    limits: [{ y: coresMax, text: `all that the machine has: ${coresMax}` }],
    series: meanCores(seconds).map(({ name, cores }, n) => ({
      name,
      values: seconds.map((second) => (second.cores ? (coresOf(second, name) ?? 0) : null)),
      legend: shortNumber(cores),
      colour: name === ELSE ? 8 : n,
    })),
  }
  return chart(options)
}

/** What a request costs in each process: of all figures the one that another machine's reader can use. */
export function cpuTable(seconds: Seconds, requestsPerSecond: number): Html {
  return html`<figure>
    <figcaption>CPU by process <small>on average</small></figcaption>
    ${table(
      [
        { title: '', isText: true, cell: ({ name }) => name },
        { title: 'cores', cell: ({ cores }) => cores.toFixed(2) },
        {
          title: 'ms a request',
          cell: ({ name, cores }) => (name === ELSE ? '' : shortNumber((cores * 1_000) / requestsPerSecond)),
        },
      ],
      meanCores(seconds),
    )}
  </figure>`
}

/** The parts that were seen, in the order of a request's way. */
export function meanCores(seconds: Seconds): { name: string; cores: number }[] {
  const seen = seconds.filter(({ cores }) => cores)
  const names = [...new Set(seen.flatMap(({ cores }) => Object.keys(cores!)))].toSorted(byOrder)
  return [...names, ELSE].map((name) => ({
    name,
    cores: sum(seen.map((second) => coresOf(second, name) ?? 0)) / Math.max(1, seen.length),
  }))
}

function coresOf({ cores = {}, coresBusy = 0 }: Partial<Seen>, name: string): number | undefined {
  return name === ELSE ? Math.max(0, coresBusy - sum(Object.values(cores))) : cores[name]
}

const ORDER = [
  'k6',
  'edge',
  'command',
  'PostgreSQL',
  'relay',
  'RabbitMQ',
  'query',
  'FerretDB',
  "the store's PostgreSQL",
  'MongoDB',
]
const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
const byOrder = (a: string, b: string) => place(a) - place(b)
