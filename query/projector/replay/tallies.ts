import type { CollectionOf } from '../collection-of.ts'
import { duplicateKey } from '../store-writer.ts'
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
  const tallies = () => collectionOf<Stored>('projector_tallies')
  return {
    async tallyOf(queue) {
      const lost = await collectionOf<{ _id: string; losses?: number }>('projector_queues').findOne({
        _id: queue,
      })
      const losses = lost?.losses ?? 0
      const found = await tallies().findOne({ _id: queue, losses })
      return { losses, tally: found?.tally }
    },
    async noteTally(queue, { losses, tally }) {
      if (!tally) return
      const isOlder = {
        $or: [{ losses: { $lt: losses } }, { losses, 'tally.highest': { $lte: tally.highest } }],
      }
      const { matchedCount } = await tallies().updateOne(
        { _id: queue, ...isOlder },
        { $set: { losses, tally } },
      )
      if (matchedCount > 0) return
      try {
        await tallies().insertOne({ _id: queue, losses, tally })
      } catch (error) {
        // One that is abandoned, and finds the next one's.
        if ((error as { code?: unknown }).code !== duplicateKey) throw error
      }
    },
  }
}
