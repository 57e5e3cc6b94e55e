import { parseArgs } from 'node:util'
import { outage } from '../demo/outage.ts'
import { interruption } from '../interruption.ts'
import { type Completeness, checkCompleteness } from '../load/completeness.ts'
import { duration } from '../load/figures.ts'
import { readUser } from '../load/read-user.ts'
import { servicePorts } from '../service-ports.ts'
import { disregardExternalServers } from '../stack/external.ts'
import { choosePorts } from '../stack/ports.ts'
import { progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'
import { LocalSystem } from '../system.ts'

const HELP = `usage: npm run demo [-- --seconds N]

Starts a system of its own that is thrown away in the end, writes to it for a minute (or N seconds), kills the broker in
the middle and brings it back, and then looks for every write that was acknowledged. Exit code 1 when one is lost, or
was not answered by a 2xx.`

const DEFAULT_S = 60
const LEAST_S = 6
const PATIENCE_MS = 60_000

export async function run(args: string[]): Promise<number> {
  const durationS = secondsOf(args)
  if (durationS === undefined) {
    console.log(HELP)
    return args.includes('--help') ? 0 : 2
  }
  disregardExternalServers()
  const signal = interruption()
  const progress = progressOn(process.stdout)
  const dir = await makeThrowawayDir()
  const ports = await choosePorts({ ...servicePorts(process.env) })
  const system = new LocalSystem({ dataDir: `${dir.path}/stack`, throwaway: true, ports, progress, signal })
  let summary: string[] = []
  let isGood = false
  try {
    await system.start()
    progress.line(`\n   ${durationS} s of writes, with the broker killed on the way\n`)
    const { writers, duringOutage } = await outage({ system, durationS, progress, signal })
    const step = progress.step('completeness')
    const found = await checkCompleteness({
      record: writers.record.join('\n'),
      read: readUser(system.urls.query),
      loadEndedAtMs: Date.now(),
      patienceMs: PATIENCE_MS,
      signal,
      onProgress: (unread) => step.note(`${unread} users to be read`),
    })
    step.done(`${found.readable} of ${found.users} users readable`)
    isGood = found.missing === 0 && writers.failures.length === 0
    summary = summaryOf({ ...writers, duringOutage }, found)
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
  }
  await system.stop()
  await dir.remove()
  if (signal.aborted) return 130
  console.log(summary.join('\n'))
  return isGood ? 0 : 1
}

function secondsOf(args: string[]): number | undefined {
  try {
    const { seconds } = parseArgs({ args, options: { seconds: { type: 'string' } } }).values
    const value = Number(seconds ?? DEFAULT_S)
    return Number.isSafeInteger(value) && value >= LEAST_S ? value : undefined
  } catch {
    return undefined
  }
}

interface Written {
  sent: number
  acknowledged: number
  failures: readonly string[]
  duringOutage: number
}

function summaryOf({ sent, acknowledged, failures, duringOutage }: Written, found: Completeness): string[] {
  return [
    '',
    `   sent          ${sent}`,
    `   acknowledged  ${acknowledged}, of them ${duringOutage} while the broker was away`,
    `   failed        ${failures.length}${failures[0] ? `, first: ${failures[0]}` : ''}`,
    `   lost          ${found.missing}`,
    `   visible       ${found.readable} of ${found.users} users, ${duration(found.convergedMs)} after the last write`,
  ]
}
