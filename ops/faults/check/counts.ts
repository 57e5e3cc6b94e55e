import { isRemoval, mayHaveArrived, type Matched, type Traced } from './match.ts'
import type { LogEvent } from '../history.ts'

/** As Jepsen's checker `total-queue` counts: a write is what goes in, its event shown by the read side what comes out. */
export interface Counts {
  /** Writes that were tried. */
  readonly attempts: number
  /** Of them, answered with a 2xx. */
  readonly acknowledged: number
  /** Acknowledged, and not arrived. */
  readonly lost: number
  /** What came out and nobody asked for, or was told that it was refused. */
  readonly unexpected: number
  /** Times that an event was sent which may have been in a queue already. */
  readonly duplicated: number
  /** Arrived although nobody was told at first: never acknowledged at all, or only to a repeat with the same key. */
  readonly recovered: number
}

export function counts(matched: Matched): Counts {
  const { traced, sendings, unattributed, eventById, documentOf, eventsOf } = matched
  const acknowledged = traced.filter(({ outcome }) => outcome === 'acknowledged')
  const ghosts = [...sendings.keys()].filter((id) => !eventById.has(id)).length
  const strangers = [...documentOf.keys()].filter((id) => !eventsOf.has(id)).length
  const refused = traced.filter(({ outcome, events }) => outcome === 'refused' && events.length > 0).length
  let duplicated = 0
  for (const list of sendings.values()) duplicated += Math.max(0, list.filter(mayHaveArrived).length - 1)
  return {
    attempts: traced.length,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((one) => !hasArrived(matched, one)).length,
    unexpected: unattributed.length + ghosts + strangers + refused,
    duplicated,
    recovered: traced.filter((one) => wasUntold(one) && hasArrived(matched, one)).length,
  }
}

const wasUntold = ({ outcome, acknowledgements }: Traced) =>
  outcome === 'unknown' ||
  (acknowledgements.length > 0 && acknowledgements.every(({ isReplayed }) => isReplayed))

/** Stored, told to the broker, and shown by the read side in its version or a later one. */
export function hasArrived(matched: Matched, { events }: Traced): boolean {
  return events.length > 0 && events.every((event) => isPublished(matched, event) && isShown(matched, event))
}

export const isPublished = ({ sendings }: Matched, { id }: LogEvent): boolean =>
  (sendings.get(id) ?? []).some(({ fate }) => fate === 'confirmed')

export function isShown({ documentOf }: Matched, event: LogEvent): boolean {
  const document = documentOf.get(event.aggregateId)
  if (document === undefined || document.version < event.version) return false
  return !isRemoval(event) || document.deleted_at !== undefined
}
