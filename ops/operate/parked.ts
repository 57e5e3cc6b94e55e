import {
  discardParked as discardAtRelay,
  listParked as listAtRelay,
  requestRelease as releaseAtRelay,
  showParked as showAtRelay,
  type ParkedEvent,
  type ParkedSummary,
} from '../../command/relay/parking/operations.ts'
import {
  discardParked as discardAtProjector,
  listParked as listAtProjector,
  requestRelease as releaseAtProjector,
  showParked as showAtProjector,
  type ParkedChoice,
} from '../../query/projector/parking/operations.ts'
import { delay } from '../../shared/process/backoff.ts'
import { UsageError } from '../cli/exit-codes.ts'
import type { Connections } from './connections.ts'
import { operatorName } from './replay.ts'

export const sides = ['relay', 'projector'] as const
export type Side = (typeof sides)[number]

/** What is parked on either side, as one list. At the relay an aggregate with all its events, at the projector one event. */
export interface Parked {
  readonly side: Side
  /** `users/<id>` at the relay, `users-g1/<event id>` at the projector. */
  readonly id: string
  readonly aggregateId: string
  readonly events: number
  /** A code, without values. */
  readonly reason: string
  /** ISO 8601. */
  readonly since: string
  readonly release: 'no' | 'asked for' | 'failed'
}

/** One with all that is known of it. */
export interface ParkedInFull extends Omit<Parked, 'events'> {
  readonly detail: Readonly<Record<string, unknown>>
  /** Of an aggregate the first that are kept back; none for a single event. */
  readonly events: readonly ParkedEvent[]
}

const listMax = 1_000
const eventsShown = 50

/** The newest first on each side. */
export async function listParked(
  { sql, collectionOf }: Connections,
  side: Side | undefined,
): Promise<Parked[]> {
  const atRelay = side === 'projector' ? [] : await listAtRelay(sql)
  const atProjector = side === 'relay' ? [] : await listAtProjector(collectionOf, {}, { limit: listMax })
  return [...atRelay.toReversed().map(fromRelay), ...atProjector.map(fromProjector)]
}

/** @param showData with the event's body, which holds personal data @returns undefined where it is not parked */
export async function showParked(
  { sql, collectionOf }: Connections,
  id: string,
  { showData }: { showData: boolean },
): Promise<ParkedInFull | undefined> {
  if (sideOf(id) === 'relay') {
    const found = await showAtRelay(sql, keyOf(id), { limit: eventsShown })
    if (!found) return undefined
    const { first, ...detail } = found
    return { ...fromRelay(found), detail, events: first }
  }
  const found = await showAtProjector(collectionOf, id)
  if (!found) return undefined
  const { body, ...rest } = found
  const data = showData ? { body: new TextDecoder().decode(body.buffer) } : undefined
  return { ...fromProjector(found), detail: { ...rest, ...data }, events: [] }
}

/**
 * Marks them; the active relay publishes what it kept back, in its order, and a projector applies its events, within
 * seconds. Safe to repeat.
 * @returns the ids that are parked no more, or never were
 */
export async function releaseParked(
  { sql, collectionOf }: Connections,
  ids: readonly string[],
): Promise<string[]> {
  const by = operatorName()
  const unknown: string[] = []
  for (const id of ids.filter((one) => sideOf(one) === 'relay'))
    if (!(await releaseAtRelay(sql, keyOf(id), { by }))) unknown.push(id)
  const events = ids.filter((id) => sideOf(id) === 'projector')
  if (events.length === 0) return unknown
  await releaseAtProjector(collectionOf, { ids: events }, { by })
  const there = new Set(
    (await listAtProjector(collectionOf, { ids: events }, { limit: events.length })).map(({ _id }) => _id),
  )
  return [...unknown, ...events.filter((id) => !there.has(id))]
}

/** For good. At the relay, what comes after the discarded events flows again. @returns how many events there were */
export async function discardParked(
  { sql, collectionOf }: Connections,
  ids: readonly string[],
): Promise<number> {
  let events = 0
  for (const id of ids.filter((one) => sideOf(one) === 'relay'))
    events += (await discardAtRelay(sql, keyOf(id), { by: operatorName() })) ?? 0
  const choice: ParkedChoice = { ids: ids.filter((id) => sideOf(id) === 'projector') }
  return choice.ids!.length > 0 ? events + (await discardAtProjector(collectionOf, choice)) : events
}

const pollMs = 250

/** Waits until those that were released are gone, or were parked again. @returns what is still parked */
export async function followRelease(
  connections: Connections,
  ids: readonly string[],
  options: { patienceMs: number; signal: AbortSignal; onProgress: (left: readonly Parked[]) => void },
): Promise<Parked[]> {
  const deadline = performance.now() + options.patienceMs
  for (;;) {
    const left = (await listParked(connections, undefined)).filter(({ id }) => ids.includes(id))
    options.onProgress(left)
    if (left.every(({ release }) => release !== 'asked for') || performance.now() > deadline) return left
    await delay(pollMs, options.signal)
    options.signal.throwIfAborted()
  }
}

/** A group's name ends in its generation, an aggregate's never does. @throws UsageError */
export function sideOf(id: string): Side {
  if (/^[^/]+-g\d+\/./.test(id)) return 'projector'
  if (/^[^/]+\/./.test(id)) return 'relay'
  throw new UsageError(
    `"${id}" is no id of something parked: users/<id>, or users-g1/<event id>, as \`parked list\` has it`,
  )
}

function keyOf(id: string) {
  const slash = id.indexOf('/')
  return { aggregatetype: id.slice(0, slash), aggregateid: id.slice(slash + 1).toLowerCase() }
}

function fromRelay(found: ParkedSummary): Parked {
  return {
    side: 'relay',
    id: `${found.aggregatetype}/${found.aggregateid}`,
    aggregateId: found.aggregateid,
    events: found.events,
    reason: found.reason,
    since: found.parked_at,
    release: found.release_requested_at ? 'asked for' : 'no',
  }
}

function fromProjector(found: Awaited<ReturnType<typeof listAtProjector>>[number]): Parked {
  return {
    side: 'projector',
    id: found._id,
    aggregateId: found.aggregate_id ?? '',
    events: 1,
    reason: found.code,
    since: found.parked_at,
    release: found.release_requested_at ? 'asked for' : found.last_error ? 'failed' : 'no',
  }
}
