import type { DomainEvent } from '../../../shared/events/catalogue.ts'
import type { LastEvent } from '../../../shared/messaging/names.ts'
import type { CollectionOf } from '../collection-of.ts'
import type { PartitionOf } from '../topology.ts'

/**
 * Whether an event that the relay sent has come through the partition, as far as the store tells: its document is as
 * new, or it is parked.
 * @returns undefined where it cannot be told
 * @throws when the store is away
 */
export async function hasArrived(
  { id, seq, version }: LastEvent,
  { of, collectionOf }: { of: PartitionOf; collectionOf: CollectionOf },
): Promise<boolean | undefined> {
  const { model, partition } = of
  if (!model.isKeyedByAggregate && !model.perVersion) return undefined
  const documents = collectionOf<{ _id: string; version: number }>(model.collection)
  const document = await documents.findOne(
    { _id: model.key({ aggregateId: id, version } as DomainEvent) },
    { projection: { version: 1 } },
  )
  if (document && document.version >= version) return true
  // One that could not even be decoded says nothing about whose it is.
  const parked = await collectionOf<Parked>('parked_events').countDocuments(
    {
      group: model.group,
      partition,
      $or: [{ aggregate_id: id, version: { $gte: version } }, { seq }, { aggregate_id: null }],
    },
    { limit: 1 },
  )
  return parked > 0 ? undefined : false
}

interface Parked {
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly seq?: number | null
  readonly aggregate_id?: string | null
  readonly version?: number | null
}
