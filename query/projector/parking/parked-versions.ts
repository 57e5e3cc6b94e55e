import type { CollectionOf } from '../collection-of.ts'
import type { ParkedEvent } from './parked-events.ts'

type Parked = Pick<ParkedEvent, '_id' | 'group' | 'aggregate_id' | 'version'>

/**
 * The events of these aggregates that a group could not apply and that wait for an operator.
 * @returns `<aggregate id> <version>` of each
 * @throws when the store is away
 */
export async function parkedVersions(
  collectionOf: CollectionOf,
  group: string,
  aggregateIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await collectionOf<Parked>('parked_events')
    .find(
      { group, aggregate_id: { $in: [...aggregateIds] } },
      { projection: { aggregate_id: 1, version: 1 } },
    )
    .toArray()
  return new Set(found.map(({ aggregate_id, version }) => `${aggregate_id} ${version}`))
}
