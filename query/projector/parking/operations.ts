import type { Filter } from 'mongodb'
import type { CollectionOf } from '../collection-of.ts'
import { parkedEvents, type ParkedEvent } from './parked-events.ts'

/** Which parked events; everything that is given must hold. */
export interface ParkedChoice {
  /** `<group>/<event id>`. */
  readonly ids?: readonly string[]
  readonly group?: string
  readonly aggregateId?: string
  readonly code?: string
}

/** What lists show: all but the body, which holds the event's data. */
export type ParkedSummary = Omit<ParkedEvent, 'body'>

/** Newest first. @throws when the store is away */
export async function listParked(
  collectionOf: CollectionOf,
  choice: ParkedChoice = {},
  { limit = 100 }: { limit?: number } = {},
): Promise<readonly ParkedSummary[]> {
  return parkedEvents(collectionOf)
    .find<ParkedSummary>(filterOf(choice), { projection: { body: 0 } })
    .sort({ parked_at: -1 })
    .limit(limit)
    .toArray()
}

/** @throws when the store is away */
export async function countParked(collectionOf: CollectionOf, choice: ParkedChoice = {}): Promise<number> {
  return parkedEvents(collectionOf).countDocuments(filterOf(choice))
}

/** With its body, which may hold personal data. @throws when the store is away */
export async function showParked(collectionOf: CollectionOf, id: string): Promise<ParkedEvent | undefined> {
  return (await parkedEvents(collectionOf).findOne({ _id: id })) ?? undefined
}

/**
 * Marks them: within seconds a projector applies them and removes them, or clears the mark and notes in `last_error` why
 * it cannot. Where they are marked already, nothing changes.
 * @returns how many were marked now
 * @throws when the store is away
 */
export async function requestRelease(
  collectionOf: CollectionOf,
  choice: ParkedChoice,
  { by }: { by: string },
): Promise<number> {
  const filter = { ...filterOf(choice), release_requested_at: { $exists: false } }
  const set = { release_requested_at: new Date().toISOString(), released_by: by }
  const { modifiedCount } = await parkedEvents(collectionOf).updateMany(filter, { $set: set }, durable)
  return modifiedCount
}

/**
 * Removes them for good: the document stays as it is until its aggregate's next event.
 * @returns how many there were
 * @throws when the store is away
 */
export async function discardParked(collectionOf: CollectionOf, choice: ParkedChoice): Promise<number> {
  const { deletedCount } = await parkedEvents(collectionOf).deleteMany(filterOf(choice), durable)
  return deletedCount
}

function filterOf({ ids, group, aggregateId, code }: ParkedChoice): Filter<ParkedEvent> {
  return {
    ...(ids && { _id: { $in: [...ids] } }),
    ...(group !== undefined && { group }),
    ...(aggregateId !== undefined && { aggregate_id: aggregateId.toLowerCase() }),
    ...(code !== undefined && { code }),
  }
}

const durable = { writeConcern: { w: 'majority' as const } }
