import { parseArgs } from 'node:util'

export const partNames = [
  'write',
  'relay',
  'projector',
  'read',
  'visible',
  'growth',
  'start',
  'scale',
] as const
export type PartName = (typeof partNames)[number]

/** How much is done; all that `--quick` changes. */
export interface Sizes {
  readonly repetitions: number
  /** Of free-running load, each time. */
  readonly seconds: number
  /** Events to be drained. */
  readonly backlog: number
  /** Users that are read. */
  readonly users: number
  /** The same at its largest, for what growth costs. */
  readonly backlogLarge: number
  readonly usersLarge: number
  /** Round trips of the hops one after the other. */
  readonly hops: number
  /** Of load at a fixed rate. */
  readonly openSeconds: number
  /** Messages that a peer's relay is given at most, and the time it has. */
  readonly peerBacklog: number
  readonly peerSeconds: number
  /** Until what a start leaves behind has been collected. */
  readonly idleMs: number
}

export const fullSizes: Sizes = {
  repetitions: 5,
  seconds: 10,
  backlog: 100_000,
  users: 10_000,
  backlogLarge: 1_000_000,
  usersLarge: 1_000_000,
  hops: 1_000,
  openSeconds: 30,
  peerBacklog: 20_000,
  peerSeconds: 30,
  idleMs: 2_000,
}

export const quickSizes: Sizes = {
  repetitions: 2,
  seconds: 1,
  backlog: 4_000,
  users: 1_000,
  backlogLarge: 12_000,
  usersLarge: 4_000,
  hops: 50,
  openSeconds: 2,
  peerBacklog: 1_000,
  peerSeconds: 3,
  idleMs: 200,
}

export const HELP = `usage: npm run bench [-- options]

How fast each stage is, beside the raw tool that shows its limit on this machine, in one run and taking turns. Brings up
servers of its own, durable as they ship, and takes them down. Whatever was lost, doubled or out of order has no figure.

  --only A,B          these parts alone, of ${partNames.join(', ')}
  --quick             small sizes, in under three minutes: to see that it works, not to measure
  --peers             beside what people use instead, too: installed in the cache at the first call
  --repetitions N     of each, instead of ${fullSizes.repetitions}
  --seconds S         of each free-running load, instead of ${fullSizes.seconds}
  --json FILE         the rows, for programs
  --html FILE         a page with plots that needs nothing else (.artifacts/bench/)
  --write             the table into docs/performance.md, beside printing it

A full run takes an hour or more: a million users and events are made for what growth costs. Nothing else should run on
the machine. Exit code 1 when a row has no figure; a target that is missed is told, and is no failure.`

export interface BenchOptions {
  readonly help: boolean
  readonly quick: boolean
  readonly peers: boolean
  readonly write: boolean
  readonly json: string | undefined
  readonly html: string | undefined
  readonly parts: readonly PartName[]
  readonly sizes: Sizes
}

/** @throws Error with what is wrong */
export function benchOptions(args: string[]): BenchOptions {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      help: flag,
      quick: flag,
      peers: flag,
      write: flag,
      only: text,
      json: text,
      html: text,
      repetitions: text,
      seconds: text,
    },
  })
  const { help, quick, peers, write, json, html } = values
  if (quick && write) throw new Error('--quick measures nothing that could be written down')
  const sizes = quick ? quickSizes : fullSizes
  return {
    help,
    quick,
    peers,
    write,
    json,
    html,
    parts: partsOf(values.only),
    sizes: {
      ...sizes,
      repetitions: whole('repetitions', values.repetitions) ?? sizes.repetitions,
      seconds: whole('seconds', values.seconds) ?? sizes.seconds,
    },
  }
}

function partsOf(only: string | undefined): readonly PartName[] {
  if (only === undefined) return partNames
  const wanted = only.split(',').map((name) => name.trim())
  const unknown = wanted.filter((name) => !(partNames as readonly string[]).includes(name))
  if (unknown.length > 0)
    throw new Error(`there is no part ${unknown.join(', ')}: choose of ${partNames.join(', ')}`)
  return partNames.filter((name) => wanted.includes(name))
}

function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} takes a whole number above 0`)
  return Number(value)
}
