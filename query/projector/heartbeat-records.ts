import type { Heartbeat } from '../../shared/messaging/names.ts'
import type { CollectionOf } from './collection-of.ts'
import { duplicateKey } from './store-writer.ts'

export interface HeartbeatRecords {
  /** An older heartbeat, redelivered, changes nothing. */
  noteHeartbeat(entry: HeartbeatEntry): Promise<void>
  /** It is proven that nothing up to `seq` is missing. */
  noteSeen(queue: string, seq: number): Promise<void>
  heartbeats(): Promise<readonly NotedHeartbeat[]>
  /** @returns undefined for a queue that none has come through yet */
  heartbeatOf(queue: string): Promise<HeartbeatEntry | undefined>
}

export interface HeartbeatEntry extends Pick<Heartbeat, 'time' | 'head' | 'cursor'> {
  readonly queue: string
  readonly group: string
  readonly partition: number
  /** See `heartbeatOrder`; empty, and so older than any, where a process of an older version noted it. */
  readonly order: string
  /** Up to this `seq` it is proven that nothing is missing; undefined where nothing is proven by this one. */
  readonly seen?: number | undefined
}

export interface NotedHeartbeat extends HeartbeatEntry {
  /** By the store's clock; undefined where a process of an older version noted it. */
  readonly notedAt?: Date | undefined
}

/**
 * A text that is greater for the later of two heartbeats on one partition, whatever the relays' clocks say. A relay of
 * an older version does not number them: within its term there is only its clock.
 */
export function heartbeatOrder({ term, number, time }: Pick<Heartbeat, 'term' | 'number' | 'time'>): string {
  const digits = (value: number) => String(value).padStart(16, '0')
  return `${digits(term ?? 0)}.${digits(number ?? Math.max(0, Date.parse(time)))}`
}

/** A document; the queue's name is its id. */
interface Stored {
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly time: string
  readonly order?: string
  readonly head: number
  readonly cursor: number
  readonly seen?: number
  readonly notedAt?: Date
}

export function createHeartbeatRecords(collectionOf: CollectionOf): HeartbeatRecords {
  const heartbeats = () => collectionOf<Stored>('projector_heartbeats')
  return {
    async noteHeartbeat({ queue, group, partition, time, order, head, cursor, seen }) {
      const change = {
        $set: { group, partition, time, order },
        // No process's clock: whoever looks compares it with the store's own.
        $currentDate: { notedAt: true as const },
        $max: seen === undefined ? { head, cursor } : { head, cursor, seen },
      }
      const older = { _id: queue, $or: [{ order: { $exists: false } }, { order: { $lt: order } }] }
      const insertOrUpdate = (upsert: boolean) => heartbeats().updateOne(older, change, { upsert })
      try {
        await insertOrUpdate(true)
      } catch (error) {
        if ((error as { code?: unknown }).code !== duplicateKey) throw error
        // There is one by now: a newer one, or one of another replica that is older after all.
        await insertOrUpdate(false)
      }
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

const entryOf = ({ _id, order = '', ...rest }: Stored): NotedHeartbeat => ({ queue: _id, order, ...rest })
