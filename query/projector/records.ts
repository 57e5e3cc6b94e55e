import type { CollectionOf } from './collection-of.ts'
import { createHeartbeatRecords, type HeartbeatRecords } from './heartbeat-records.ts'
import { createTallies, type Tallies } from './replay/tallies.ts'
import { createQueueRecords, type QueueRecords } from './queue-records.ts'

/**
 * What the projector's replicas know together, in the store: the queues of each group and what they lack, and the
 * last heartbeat that came through each, and how many events. Every operation is idempotent and safe from several replicas at once; all of
 * them throw when the store is away.
 */
export interface ProjectorRecords extends QueueRecords, HeartbeatRecords, Tallies {}

export function createRecords(collectionOf: CollectionOf): ProjectorRecords {
  const heartbeats = createHeartbeatRecords(collectionOf)
  return { ...heartbeats, ...createQueueRecords(collectionOf, heartbeats), ...createTallies(collectionOf) }
}
