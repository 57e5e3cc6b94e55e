import type { Heartbeat } from '../../shared/messaging/names.ts'
import type { CollectionOf } from './collection-of.ts'

export interface HeartbeatRecords {
  /** An older heartbeat, redelivered, changes nothing. */
  noteHeartbeat(entry: HeartbeatEntry): Promise<void>
  /** It is proven that nothing up to `seq` is missing. */
  noteSeen(queue: string, seq: number): Promise<void>
  heartbeats(): Promise<readonly HeartbeatEntry[]>
  /** @returns undefined for a queue that none has come through yet */
  heartbeatOf(queue: string): Promise<HeartbeatEntry | undefined>
}

export interface HeartbeatEntry extends Pick<Heartbeat, 'time' | 'head' | 'cursor'> {
  readonly queue: string
  readonly group: string
  readonly partition: number
  /** Up to this `seq` it is proven that nothing is missing; undefined where nothing is proven by this one. */
  readonly seen?: number | undefined
}

/** A document; the queue's name is its id. */
interface Stored {
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly time: string
  readonly head: number
  readonly cursor: number
  readonly seen?: number
}

export function createHeartbeatRecords(collectionOf: CollectionOf): HeartbeatRecords {
  const heartbeats = () => collectionOf<Stored>('projector_heartbeats')
  return {
    async noteHeartbeat({ queue, group, partition, time, head, cursor, seen }) {
      const newest = seen === undefined ? { time, head, cursor } : { time, head, cursor, seen }
      await heartbeats().updateOne(
        { _id: queue },
        { $set: { group, partition }, $max: newest },
        { upsert: true },
      )
    },
    async noteSeen(queue, seen) {
      await heartbeats().updateOne({ _id: queue }, { $max: { seen } })
    },
    async heartbeats() {
      return (await heartbeats().find({}).toArray()).map(entryOf)
    },
    async heartbeatOf(queue) {
      const found = await heartbeats().findOne({ _id: queue })
      return found ? entryOf(found) : undefined
    },
  }
}

const entryOf = ({ _id, ...rest }: Stored): HeartbeatEntry => ({ queue: _id, ...rest })
