import type { Collection } from 'mongodb'
import type { Heartbeat } from '../../shared/messaging/names.ts'

/**
 * What the projector's replicas know together, in the store: which queues a group has had, which were lost with their
 * events, and the last heartbeat that came through each partition. Every operation is idempotent and safe from
 * several replicas at once; all of them throw when the store is away.
 */
export interface QueueRecords {
  isKnown(queue: string): Promise<boolean>
  noteDeclared(entry: { queue: string; group: string; partition: number }): Promise<void>
  /** Stays until a replay has brought the lost events back. */
  noteLost(queue: string): Promise<void>
}

export interface HeartbeatRecords {
  /** An older heartbeat, redelivered, changes nothing. */
  noteHeartbeat(entry: HeartbeatEntry): Promise<void>
}

export interface ProjectorRecords extends QueueRecords, HeartbeatRecords {
  lostQueues(): Promise<readonly LostQueue[]>
  heartbeats(): Promise<readonly HeartbeatEntry[]>
}

export interface LostQueue {
  readonly queue: string
  readonly group: string
  readonly partition: number
  /** ISO 8601: when a projector noticed. */
  readonly lostAt: string
}

export interface HeartbeatEntry extends Pick<Heartbeat, 'time' | 'head' | 'cursor'> {
  readonly queue: string
  readonly group: string
  readonly partition: number
}

export function createRecords(collectionOf: (name: string) => Collection<Entry>): ProjectorRecords {
  const queues = () => collectionOf('projector_queues')
  const heartbeats = () => collectionOf('projector_heartbeats')
  return {
    async isKnown(queue) {
      return (await queues().countDocuments({ _id: queue }, { limit: 1 })) > 0
    },
    async noteDeclared({ queue, ...rest }) {
      await queues().updateOne({ _id: queue }, { $set: rest }, { upsert: true, ...durable })
    },
    async noteLost(queue) {
      const lost_at = new Date().toISOString()
      await queues().updateOne({ _id: queue, lost_at: { $exists: false } }, { $set: { lost_at } }, durable)
    },
    async lostQueues() {
      const found = await queues()
        .find({ lost_at: { $exists: true } })
        .toArray()
      return found.map(({ _id, group, partition, lost_at = '' }) => ({
        queue: _id,
        group,
        partition,
        lostAt: lost_at,
      }))
    },
    async noteHeartbeat({ queue, group, partition, ...seen }) {
      await heartbeats().updateOne(
        { _id: queue },
        { $set: { group, partition }, $max: seen },
        { upsert: true },
      )
    },
    async heartbeats() {
      const found = await heartbeats().find({}).toArray()
      return found.map(({ _id, group, partition, time = '', head = 0, cursor = 0 }) => ({
        queue: _id,
        group,
        partition,
        time,
        head,
        cursor,
      }))
    },
  }
}

/** A document of either collection; the queue's name is its id. */
export interface Entry {
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly lost_at?: string
  readonly time?: string
  readonly head?: number
  readonly cursor?: number
}

const durable = { writeConcern: { w: 'majority' as const } }
