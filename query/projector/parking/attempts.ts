import { retryUntil } from '../../../shared/process/backoff.ts'
import type { CollectionOf } from '../collection-of.ts'

/**
 * Attempts to apply messages, noted in the store before they are made, so that the ones nobody came back from can be
 * counted. An attempt belongs to a process and not to a try: while the process lives it has survived, so neither
 * an outage of the store nor one of the broker uses any up.
 */
export interface Attempts {
  /**
   * @returns for each key, how many processes began an attempt and did not end it
   * @throws when the store is away
   */
  fatal(keys: readonly string[]): Promise<readonly number[]>
  /** Durable when it resolves; safe to call again. @throws when the store is away */
  begin(keys: readonly string[]): Promise<void>
  /** The messages are applied or parked. In the background: left behind it harms nobody, and is swept. */
  forget(keys: readonly string[]): void
  /** This process gives up its attempts and lives. Tried for some seconds; never rejects. */
  withdraw(keys: readonly string[]): Promise<void>
  /** Removes what a day ago was begun last. @throws when the store is away */
  sweep(): Promise<void>
}

/** A document of `event_attempts`; its id is `<group>/<message key>`. */
export interface AttemptDocument {
  readonly _id: string
  /** The processes that began one. */
  readonly by: readonly string[]
  /** ISO 8601. */
  readonly first_at: string
  readonly last_at: string
}

/** @param self this process, by a name that no other process ever had */
export function createAttempts(collectionOf: CollectionOf, self: string): Attempts {
  const collection = () => collectionOf<AttemptDocument>('event_attempts')
  return {
    async fatal(keys) {
      const found = await collection()
        .find({ _id: { $in: [...keys] } })
        .toArray()
      const counts = new Map(found.map(({ _id, by }) => [_id, by.filter((name) => name !== self).length]))
      return keys.map((key) => counts.get(key) ?? 0)
    },
    async begin(keys) {
      const now = new Date().toISOString()
      const update = { $addToSet: { by: self }, $setOnInsert: { first_at: now }, $set: { last_at: now } }
      const operations = keys.map((key) => ({ updateOne: { filter: { _id: key }, update, upsert: true } }))
      await collection().bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority' } })
    },
    forget(keys) {
      collection()
        .deleteMany({ _id: { $in: [...keys] } })
        .catch(() => {})
    },
    async withdraw(keys) {
      const give = () => collection().updateMany({ _id: { $in: [...keys] } }, { $pull: { by: self } })
      await retryUntil(give, { ...withdrawal, signal: AbortSignal.timeout(2_000), onFailure() {} })
    },
    async sweep() {
      const before = new Date(Date.now() - dayMs).toISOString()
      await collection().deleteMany({ last_at: { $lt: before } })
    },
  }
}

const withdrawal = { baseMs: 100, maxMs: 1_000 }
const dayMs = 24 * 60 * 60 * 1_000
