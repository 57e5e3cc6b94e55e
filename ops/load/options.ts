import { parseArgs } from 'node:util'
import { servicePorts } from '../service-ports.ts'

export const SCRIPTS = ['smoke', 'writes', 'reads', 'mixed', 'lag', 'spike', 'soak', 'scaling', 'k6'] as const
export type Script = (typeof SCRIPTS)[number]

export const HELP = `usage: npm run load -- <smoke|writes|reads|mixed|lag|spike|soak|scaling|k6> [options]

Runs one script of load-tests/ with k6 against a system that is up, reads every acknowledged write back, and leaves a
page with what was measured in .artifacts/load/. Exit code 1 when a write is missing or a budget is broken.
\`k6\` instead of a script only gets k6, and tells where it is.

  --rate N            journeys a second, instead of the script's own figure
  --duration S        seconds, instead of the script's own figure
  --connections N     most journeys at a time
  --users N           users that are made before the load
  --command-url URL   the command service (port COMMAND_PORT, 3000)
  --query-url URL     the query service (port QUERY_PORT, 3001)
  --relay-url URL     the relay, for its backlog (port RELAY_PORT, 3002)
  --without-keys      writes have no Idempotency-Key, which costs the database a row for each
  --out FOLDER        of the page (.artifacts/load)

lag reads each write back by its token, and tells what that took at each of several rates.
  --rates N,N,…       writes a second (50,100,200,400)
  --step-seconds S    of each (15)

spike goes to ten times --rate (100) for --duration seconds (10), and tells how long after it all is as before.
soak holds --rate (100) for --duration seconds (1200), and tells how the memory of each process grows.

scaling raises the rate step by step until the p99 latency breaks its budget, for reads and for writes, each with 1 to N
replicas: containers of docker-compose.yml behind their balancer, or processes started beside those of \`npm start\`, with
the load itself spread over them. In the end all is as it was.
  --rate N            of the first step (200); each is half as fast again
  --steps N           at most (10)
  --step-seconds S    of each (8)
  --budget-ms N       p99 latency (100)
  --replicas N        at most (3)

k6 is the one that the setting K6 names, or that on PATH, or else it is built once, with Go, in some minutes.`

export interface LoadOptions {
  help: boolean
  script: Script
  commandUrl: string
  queryUrl: string
  relayUrl: string
  folder: string
  scaling: ScalingOptions
  /** For the script. */
  env: Record<string, string | undefined>
}

export interface ScalingOptions {
  replicas: number
  steps: number
  stepS: number
  budgetMs: number
}

export function loadOptions(args: string[], settings: Record<string, string | undefined>): LoadOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rate: { type: 'string' },
      duration: { type: 'string' },
      connections: { type: 'string' },
      users: { type: 'string' },
      'command-url': { type: 'string' },
      'query-url': { type: 'string' },
      'relay-url': { type: 'string' },
      replicas: { type: 'string', default: '3' },
      steps: { type: 'string', default: '10' },
      'step-seconds': { type: 'string' },
      rates: { type: 'string' },
      'budget-ms': { type: 'string', default: '100' },
      'without-keys': { type: 'boolean', default: false },
      out: { type: 'string', default: '.artifacts/load' },
      help: { type: 'boolean', default: false },
    },
  })
  const [script, ...others] = positionals
  if (!values.help && (others.length > 0 || !isScript(script)))
    throw new Error(`name one of ${SCRIPTS.join(', ')}`)
  const ports = servicePorts(settings)
  const url = (name: keyof typeof ports) => urlOf(values[`${name}-url`] ?? `http://127.0.0.1:${ports[name]}`)
  return {
    help: values.help,
    script: script as Script,
    commandUrl: url('command'),
    queryUrl: url('query'),
    relayUrl: url('relay'),
    folder: values.out,
    scaling: {
      replicas: Number(whole('replicas', values.replicas)),
      steps: Number(whole('steps', values.steps)),
      stepS: Number(whole('step-seconds', values['step-seconds']) ?? 8),
      budgetMs: Number(whole('budget-ms', values['budget-ms'])),
    },
    env: {
      RATES: wholes('rates', values.rates),
      STEP_S: values['step-seconds'],
      RATE: whole('rate', values.rate),
      DURATION_S: whole('duration', values.duration),
      CONNECTIONS: whole('connections', values.connections),
      USERS: whole('users', values.users),
      KEYS: values['without-keys'] ? '0' : undefined,
    },
  }
}

const isScript = (name: string | undefined): name is Script => SCRIPTS.includes(name as Script)

function urlOf(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? '')) throw new Error(`"${text}" is no http URL`)
  return text.replace(/\/$/, '')
}

/** As the text that a script's settings take. */
function whole(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^[1-9]\d*$/.test(text))
    throw new Error(`--${name} must be a whole number above 0`)
  return text
}

function wholes(name: string, text: string | undefined): string | undefined {
  for (const part of text?.split(',') ?? []) whole(name, part)
  return text
}
