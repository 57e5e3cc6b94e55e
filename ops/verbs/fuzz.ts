import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readOptions } from '../cli/read-options.ts'
import { startWorld } from '../faults/world/world.ts'
import { installSchemathesis } from '../fuzz/install.ts'
import { makePeople } from '../fuzz/people.ts'
import { attempt, type Verdict } from '../fuzz/schemathesis.ts'
import { during, states } from '../fuzz/states.ts'
import { interruption } from '../interruption.ts'
import { disregardExternalServers } from '../stack/external.ts'
import { startStack } from '../stack/index.ts'
import { type Progress, progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'

const HELP = `usage: npm run fuzz [-- options]

Requests that schemathesis makes of the OpenAPI documents, good ones and bad ones, against both services: healthy, with
the broker down, and with PostgreSQL down. Only answers that the documents declare may come. Installs schemathesis in the
cache at the first call; Python 3 is all it needs.

  --seed 1,2       the requests are made from these numbers; one run of each state for each
  --seconds 25     the longest a run may take; both services are tried at once
  --state healthy  these states alone, of ${states.map(({ name }) => `"${name}"`).join(', ')}`

const FOLDER = join(import.meta.dir, '../../.artifacts/fuzz')
const SERVICES = ['command', 'query'] as const
const PEOPLE = 40

interface Options {
  readonly help: boolean
  readonly seeds: readonly number[]
  readonly seconds: number
  readonly states: typeof states
}

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  const options = readOptions(HELP, () => optionsOf(args))
  if (typeof options === 'number') return options
  disregardExternalServers()
  const signal = interruption()
  const progress = progressOn(process.stdout)
  try {
    return await fuzzed(options, progress, signal)
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
    return signal.aborted ? 130 : 1
  } finally {
    progress.close()
  }
}

async function fuzzed({ seeds, seconds, states }: Options, progress: Progress, signal: AbortSignal) {
  const python = await installSchemathesis(progress, signal)
  const place = await makeThrowawayDir()
  const stack = await startStack({ dataDir: `${place.path}/stack`, throwaway: true, progress, signal })
  try {
    const topology = { commands: 1, relays: 1, queries: 1, partitions: 2 }
    const world = await startWorld(stack, topology, join(FOLDER, 'processes'))
    try {
      const tokens = await makePeople(world, PEOPLE)
      const urls = { command: world.commands[0]!.url, query: world.queries[0]!.url }
      const verdicts: Verdict[] = []
      for (const state of states)
        await during(state, world, async () => {
          for (const seed of seeds) {
            progress.status(`   ${state.name}, seed ${seed}: up to ${seconds} s`)
            const trials = SERVICES.map((service) =>
              attempt(
                { state, service, seed },
                { python, url: urls[service], seconds, dir: FOLDER, tokens, signal },
              ),
            )
            for (const verdict of await Promise.all(trials)) {
              verdicts.push(verdict)
              progress.line(lineOf(verdict))
            }
          }
        })
      const ended = world.ends.filter(({ by }) => by === 'itself')
      for (const { process, code } of ended) progress.line(` ✗ ${process} ended by itself: ${code}`)
      const bad = verdicts.filter(({ isGood }) => !isGood)
      const cases = verdicts.reduce((sum, verdict) => sum + verdict.cases, 0)
      progress.line(
        `\n   ${cases} requests, ${verdicts.length} runs, ${bad.length} of them with failures; all of it in ${FOLDER}`,
      )
      return bad.length + ended.length === 0 ? 0 : 1
    } finally {
      progress.status('')
      await world.stop()
    }
  } finally {
    await stack.stop()
    await place.remove()
  }
}

function lineOf({ isGood, state, service, seed, cases, seconds, text }: Verdict): string {
  const head = ` ${isGood ? '✓' : '✗'} ${state.name.padEnd(16)} ${service.padEnd(8)} seed ${seed}: ${cases} requests in ${seconds.toFixed(0)} s`
  return isGood ? head : `${head}\n${text}`
}

function optionsOf(args: string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: { help: { type: 'boolean', default: false }, seed: text, seconds: text, state: text },
  })
  const whole = (name: string, value: string) => {
    if (!/^[1-9]\d{0,8}$/.test(value))
      throw new Error(`--${name} takes whole numbers above 0, not "${value}"`)
    return Number(value)
  }
  const names = values.state?.split(',').map((name) => name.trim())
  const unknown = names?.find((name) => !states.some((state) => state.name === name))
  if (unknown !== undefined) throw new Error(`there is no state "${unknown}"`)
  return {
    help: values.help,
    seeds: (values.seed ?? '1,2').split(',').map((seed) => whole('seed', seed.trim())),
    seconds: whole('seconds', values.seconds ?? '25'),
    states: states.filter(({ name }) => names === undefined || names.includes(name)),
  }
}
