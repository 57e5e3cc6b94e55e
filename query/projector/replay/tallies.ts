import type { CollectionOf } from '../collection-of.ts'
import type { WriteOperation } from '../gate.ts'
import { joinWrites } from '../joined-writer.ts'
import { createStoreWriter } from '../store-writer.ts'
import type { Tally } from './witness.ts'

/**
 * How far each queue's events are counted, so that whoever consumes it next goes on counting, also after a kill -9.
 * All operations throw when the store is away.
 */
export interface Tallies {
  /** To be read when the first message was delivered: until then the consumer before may count on. */
  tallyOf(queue: string): Promise<QueueTally>
  /** Of a queue that was lost since, or older than what is noted by another consumer, it changes nothing. */
  noteTally(queue: string, known: QueueTally): Promise<void>
}

export interface QueueTally {
  /** Grows with each loss of the queue: what was counted before has no bearing on what comes after. */
  readonly losses: number
  /** Undefined where nothing was counted since. */
  readonly tally: Tally | undefined
}

/** A document; the queue's name is its id. */
interface Stored {
  readonly _id: string
  readonly losses: number
  readonly tally: Tally
}

export function createTallies(collectionOf: CollectionOf): Tallies {
  const { write } = joinWrites(createStoreWriter(collectionOf, unlessNewer))
  return {
    async tallyOf(queue) {
      const lost = await collectionOf<{ _id: string; losses?: number }>('projector_queues').findOne({
        _id: queue,
      })
      const losses = lost?.losses ?? 0
      const found = await collectionOf<Stored>(collection).findOne({ _id: queue, losses })
      return { losses, tally: found?.tally }
    },
    async noteTally(queue, { losses, tally }) {
      if (tally)
        await write(collection, [
          { id: queue, version: losses, rank: tally.highest, document: { tally }, time: '' },
        ])
    },
  }
}

const collection = 'projector_tallies'

/** Of one that is abandoned, and comes after the next one's, nothing is kept. The version is the queue's losses. */
const unlessNewer: WriteOperation = ({ id, version: losses, rank: highest, document }) => {
  const stored = { losses: { $ifNull: ['$losses', -1] }, highest: { $ifNull: ['$tally.highest', -1] } }
  const isOlder = {
    $or: [
      { $lt: [stored.losses, losses] },
      { $and: [{ $eq: [stored.losses, losses] }, { $lte: [stored.highest, highest] }] },
    ],
  }
  return {
    updateOne: {
      filter: { _id: id },
      update: [
        { $replaceWith: { $cond: [isOlder, { $literal: { _id: id, losses, ...document } }, '$$ROOT'] } },
      ],
      upsert: true,
    },
  }
}
