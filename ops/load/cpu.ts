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
    series: meanCores(seconds).map(({ name, cores }) => ({
      name,
      values: seconds.map((second) => (second.cores ? (coresIn(second, name) ?? 0) : null)),
      legend: shortNumber(cores),
      colour: colourOf(name),
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
    cores: sum(seen.map((second) => coresIn(second, name) ?? 0)) / Math.max(1, seen.length),
  }))
}

/** The mean of one part: 0 where it was not seen. */
export const coresOf = (seconds: Seconds, part: string): number =>
  meanCores(seconds).find(({ name }) => name === part)?.cores ?? 0

function coresIn({ cores = {}, coresBusy = 0 }: Partial<Seen>, name: string): number | undefined {
  return name === ELSE ? Math.max(0, coresBusy - sum(Object.values(cores))) : cores[name]
}

/** In the order of a request's way; the same colour in each chart, whoever else is in it. */
const COLOUR: Record<string, number> = {
  k6: 0,
  edge: 6,
  command: 1,
  PostgreSQL: 2,
  postgres: 2,
  relay: 3,
  RabbitMQ: 4,
  rabbitmq: 4,
  query: 5,
  FerretDB: 7,
  MongoDB: 7,
  mongo: 7,
  "the store's PostgreSQL": 6,
  [ELSE]: 8,
}
export const colourOf = (name: string) => COLOUR[kindOf(name)]
const ORDER = Object.keys(COLOUR)

/** Without the number that tells replicas apart. */
const kindOf = (name: string) => name.replace(/ \d+$/, '')
const byOrder = (a: string, b: string) =>
  ORDER.indexOf(kindOf(a)) - ORDER.indexOf(kindOf(b)) || (a < b ? -1 : 1)
