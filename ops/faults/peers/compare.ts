import type { Stack } from '../../stack/index.ts'
import { match } from '../check/match.ts'
import { isPublished } from '../check/counts.ts'
import type { History } from '../history.ts'
import { execute } from '../matrix/execute.ts'
import { faults } from '../matrix/index.ts'
import { planned, type Job } from '../matrix/plan.ts'
import type { RunReport } from '../matrix/report.ts'
import { ourSystem } from '../system.ts'
import { peers } from './peers.ts'
import { peerSystem } from './system.ts'

/** What the comparison adds to the six counts. */
export interface Comparison extends RunReport {
  /** Changes that PostgreSQL has and that were neither confirmed nor ever arrived. */
  readonly unsent: number
  /** Users that the read side shows in another version than PostgreSQL's in the end. */
  readonly wrong: number
  /** Processes that ended by themselves. */
  readonly ended: number
}

export const OURS = 'ours'
export const systemIds: readonly string[] = [OURS, ...peers.map(({ id }) => id)]

/** The faults that concern a peer, and how often: few runs, since a minute each is long. */
const COMPARED: Readonly<Record<string, { runs: number; variants: RegExp }>> = {
  F1: { runs: 2, variants: /./ },
  F4: { runs: 2, variants: /^back after (1|60) s$/ },
  F5: { runs: 2, variants: /./ },
  F8: { runs: 1, variants: /^(rabbitmq|postgres) for 30 s$/ },
}

export function comparedJobs(only: readonly string[] = Object.keys(COMPARED)): Job[] {
  const unknown = only.filter((id) => !COMPARED[id])
  if (unknown.length > 0) throw new Error(`peers are not tried under ${unknown.join(', ')}`)
  return planned(faults, { only }).filter(({ fault, variant, seed, seconds }) => {
    const { runs, variants } = COMPARED[fault.id]!
    return variants.test(variant.name) && seed <= (seconds > 60 ? 1 : Math.min(runs, variant.runs))
  })
}

/**
 * One run of one system: the same client for all, which knows no keys and so tries each write once. What it expects of
 * ours to say about itself nobody else need say.
 */
export async function compare(
  system: string,
  job: Job,
  options: { stack: Stack; folder: string; dir: string; signal: AbortSignal },
): Promise<Comparison> {
  const { stack, folder, dir, signal } = options
  const peer = peers.find(({ id }) => id === system)
  let sides = { unsent: 0, wrong: 0, ended: 0 }
  const report = await execute(job, {
    stack,
    dir,
    signal,
    overrides: {
      system: peer ? peerSystem(peer, folder) : ourSystem,
      writesPerSecond: 20,
      readsPerSecond: peer ? 0 : 10,
      hasKeys: false,
      convergeMs: 240_000,
      // Nothing is left to be sent or taken: longer than a message takes.
      restMs: 6_000,
    },
    onResult: ({ history }) => (sides = sidesOf(history)),
  })
  return { ...report, ...sides }
}

export function sidesOf(history: History): Pick<Comparison, 'unsent' | 'wrong' | 'ended'> {
  const matched = match(history)
  const wrong = [...matched.eventsOf].filter(
    ([id, events]) => matched.documentOf.get(id)?.version !== events.at(-1)!.version,
  )
  return {
    unsent: history.log.filter((event) => !isPublished(matched, event)).length,
    wrong: wrong.length,
    ended: history.ends.filter(({ by }) => by === 'itself').length,
  }
}
