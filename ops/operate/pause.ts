import { currentPause, pauseRelay, resumeRelay } from '../../command/relay/parking/operations.ts'
import { pauseProjector, readPause, resumeProjector } from '../../query/projector/pause.ts'
import { UsageError } from '../cli/exit-codes.ts'
import type { Connections } from './connections.ts'
import type { Paused } from './look/write-side.ts'
import { operatorName } from './replay.ts'
import { sides, type Side } from './parked.ts'

/**
 * The relay publishes nothing but heartbeats, or the projectors apply nothing, until it is resumed, also across
 * restarts. What was paused before stays as it was.
 * @returns the pause that is on now
 */
export async function pause({ sql, collectionOf }: Connections, side: Side, reason: string): Promise<Paused> {
  const by = operatorName()
  if (side === 'projector') return pauseProjector(collectionOf, { by, reason })
  await pauseRelay(sql, { by, reason })
  const { since, ...rest } = (await currentPause(sql)) ?? { since: new Date().toISOString(), by, reason }
  return { at: since, ...rest }
}

/** @returns the pause that ended; undefined where there was none */
export async function resume({ sql, collectionOf }: Connections, side: Side): Promise<Paused | undefined> {
  if (side === 'projector') return resumeProjector(collectionOf)
  const found = await currentPause(sql)
  if (!found || !(await resumeRelay(sql))) return undefined
  const { since, ...rest } = found
  return { at: since, ...rest }
}

/** @throws UsageError */
export function onlySide(positionals: readonly string[]): Side {
  const side = sides.find((candidate) => candidate === positionals[0])
  if (!side || positionals.length !== 1) throw new UsageError(`which one: ${sides.join(' or ')}?`)
  return side
}

/** The pause that is on. */
export async function readPaused(
  { sql, collectionOf }: Connections,
  side: Side,
): Promise<Paused | undefined> {
  if (side === 'projector') return readPause(collectionOf)
  const found = await currentPause(sql)
  return found && { at: found.since, by: found.by, reason: found.reason }
}
