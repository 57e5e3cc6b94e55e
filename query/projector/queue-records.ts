import type { Filter } from 'mongodb'
import type { ReplayScope } from '../../shared/messaging/replay.ts'
import type { CollectionOf } from './collection-of.ts'
import type { HeartbeatRecords } from './heartbeat-records.ts'
import { duplicateKey } from './store-writer.ts'

export interface QueueRecords {
  queues(): Promise<readonly QueueEntry[]>
  queueOf(queue: string): Promise<QueueEntry | undefined>
  /**
   * Needs everything there is: `first` before its first declaration, `store-lost` where it is there, which tells that
   * this store has lost what it had, or is another one.
   * @returns false, and changes nothing, where the queue is known
   */
  noteUnknown(queue: QueueName, reason: 'first' | 'store-lost'): Promise<boolean>
  /** It is there and bound: its absence is a loss from now on, and what it needs may be asked for. */
  noteDeclared(queue: string): Promise<void>
  /**
   * It was there and is missing: what came since its last heartbeat is lost to the group, and with it whatever a
   * replay had brought so far.
   * @returns false, and changes nothing, where another replica has noted it since `known` was read
   */
  noteLost(known: QueueEntry): Promise<boolean>
  /**
   * Events behind `seq` are missing, or any where it is undefined.
   * @param certain where nothing that is under way can bring them: then it is asked for once more. Where it is
   * not, an open need stays as it is, since what is missing may be on its way.
   * @returns whether it was noted
   */
  noteMissing(queue: string, options: { seq: number | undefined; certain: boolean }): Promise<boolean>
  /** @returns false when another replica was faster */
  claim(known: QueueEntry, request: string): Promise<boolean>
  notePublished(queues: readonly string[], request: string): Promise<void>
  /** What was asked for is coming. */
  noteProgress(queue: string, request: string): Promise<void>
  /** All that was asked for is in the store. @returns whether the queue was waiting for this */
  noteFilled(queue: string, request: string): Promise<boolean>
}

export interface QueueName {
  readonly queue: string
  readonly group: string
  readonly partition: number
}

export interface QueueEntry extends QueueName {
  /** Its absence or loss is noted, and nobody has declared it since. */
  readonly isUndeclared: boolean
  /** Present while events are missing that a replay has to bring. */
  readonly replay: ReplayNeed | undefined
}

/**
 * `first`: the queue is new, and so is its group. `store-lost`: the queue is there and the store does not know it.
 * `queue-lost`: it was there before and is not. `events-missing`: a heartbeat named an event that never came.
 */
export type ReplayReason = 'first' | 'store-lost' | 'queue-lost' | 'events-missing'

export interface ReplayNeed {
  readonly reason: ReplayReason
  readonly scope: Exclude<ReplayScope, { kind: 'aggregate' }>
  /** ISO 8601: when a projector noticed. A later loss has a later one, and begins anew. */
  readonly since: string
  /** Ids of the requests that were made for it: the marker of any of them ends it. */
  readonly requests: readonly string[]
  /** ISO 8601, of the last request. */
  readonly requested_at?: string
  /** The broker has the last request. */
  readonly published_at?: string
  /** When something that was asked for came last. */
  readonly progress_at?: string
}

/** A document; the queue's name is its id. */
interface Stored {
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly undeclared?: true
  readonly replay?: ReplayNeed
  readonly filled_at?: string
  /** How often the queue was lost: see the tallies. */
  readonly losses?: number
}

const durable = { writeConcern: { w: 'majority' as const } }
const now = () => new Date().toISOString()

export function createQueueRecords(
  collectionOf: CollectionOf,
  { heartbeatOf }: Pick<HeartbeatRecords, 'heartbeatOf'>,
): QueueRecords {
  const queues = () => collectionOf<Stored>('projector_queues')

  /** Compare and set: `since` tells one need from the next. */
  async function change(
    known: QueueEntry,
    more: Filter<Stored>,
    set: object,
    losses: 0 | 1 = 0,
  ): Promise<boolean> {
    const since = known.replay?.since ?? { $exists: false }
    const filter = { ...more, _id: known.queue, 'replay.since': since } as Filter<Stored>
    const result = await queues().updateOne(filter, { $set: set, $inc: { losses } }, durable)
    return result.matchedCount > 0
  }

  const findOne = async (queue: string) => {
    const found = await queues().findOne({ _id: queue })
    return found ? entryOf(found) : undefined
  }

  return {
    queues: async () => (await queues().find({}).toArray()).map(entryOf),
    queueOf: findOne,
    async noteUnknown({ queue, ...rest }, reason) {
      try {
        // Not an upsert: FerretDB tells each of several at once that it was the one.
        await queues().insertOne(
          { _id: queue, ...rest, undeclared: true, replay: everything(reason) },
          durable,
        )
        return true
      } catch (error) {
        if ((error as { code?: unknown }).code === duplicateKey) return false
        throw error
      }
    },
    async noteDeclared(queue) {
      await queues().updateOne({ _id: queue, undeclared: true }, { $unset: { undeclared: '' } }, durable)
    },
    async noteLost(known) {
      const heartbeat = await heartbeatOf(known.queue)
      const seq = heartbeat?.seen ?? heartbeat?.cursor
      const replay = wider(known.replay, 'queue-lost', seq)
      return change(known, {}, { undeclared: true, replay }, 1)
    },
    async noteMissing(queue, { seq, certain }) {
      const known = await findOne(queue)
      if (!known || (known.replay && !certain)) return false
      return change(known, {}, { replay: wider(known.replay, 'events-missing', seq) })
    },
    claim(known, request) {
      const requests = known.replay?.requests ?? []
      return change(
        known,
        { 'replay.requests': { $size: requests.length } },
        // Written whole: what is known of the request before does not hold for this one.
        { replay: { ...bare(known.replay!), requests: [...requests, request], requested_at: now() } },
      )
    },
    async notePublished(names, request) {
      await queues().updateMany(
        { _id: { $in: [...names] }, 'replay.requests': request },
        { $set: { 'replay.published_at': now() } },
        durable,
      )
    },
    async noteProgress(queue, request) {
      await queues().updateOne(
        { _id: queue, 'replay.requests': request },
        { $set: { 'replay.progress_at': now() } },
      )
    },
    async noteFilled(queue, request) {
      const result = await queues().updateOne(
        { _id: queue, 'replay.requests': request },
        { $unset: { replay: '' }, $set: { filled_at: now() } },
        durable,
      )
      return result.matchedCount > 0
    },
  }
}

const everything = (reason: ReplayReason): ReplayNeed => ({
  reason,
  scope: { kind: 'all' },
  since: now(),
  requests: [],
})

/**
 * A need that takes in one that is open already. It has no requests: those may have begun before the loss.
 * @param seq what is behind it may be missing; undefined: everything may be
 */
function wider(open: ReplayNeed | undefined, reason: ReplayReason, seq: number | undefined): ReplayNeed {
  if (seq === undefined || open?.scope.kind === 'all') return { ...everything(reason) }
  const from = Math.min(seq, open?.scope.seq ?? seq)
  return { ...everything(reason), scope: { kind: 'from', seq: from } }
}

const bare = ({ reason, scope, since }: ReplayNeed) => ({ reason, scope, since })

const entryOf = ({ _id, group, partition, replay, undeclared }: Stored): QueueEntry => ({
  queue: _id,
  group,
  partition,
  isUndeclared: undeclared === true,
  replay,
})
