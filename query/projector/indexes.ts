import { retryUntil } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { CollectionOf } from './collection-of.ts'
import type { ReadModel } from './read-model.ts'

export interface IndexOptions {
  readonly readModels: readonly ReadModel[]
  readonly collectionOf: CollectionOf
}

export interface IndexKeeper extends Runnable {
  /** Resolves once they are there, or it was told to stop. */
  readonly made: Promise<void>
}

/** Makes the indexes in the background, and tries until it succeeds. */
export function createIndexKeeper(options: IndexOptions & { readonly log: Logger }): IndexKeeper {
  const stopping = new AbortController()
  const made = Promise.withResolvers<void>()
  return {
    name: 'indexes',
    made: made.promise,
    start() {
      void retryUntil(() => makeIndexes(options), {
        signal: stopping.signal,
        baseMs: 500,
        maxMs: 30_000,
        onFailure: (error, nextMs) =>
          options.log.warn('indexes could not be made', { error, next_ms: nextMs }),
      }).then(() => made.resolve())
    },
    async stop() {
      // Not waited for: the store goes on by itself with what it was told to build.
      stopping.abort()
    },
  }
}

/**
 * Natively, because the ORM's own `ensureIndexes` drops a collection's other indexes when one cannot be built.
 * Idempotent. @throws when the store is away
 */
export async function makeIndexes({ readModels, collectionOf }: IndexOptions): Promise<void> {
  for (const { collection, indexes } of readModels)
    for (const { name, keys } of indexes) {
      const [first] = Object.keys(keys)
      // A tombstone has none of the document's fields, so it stays out of the index.
      const partialFilterExpression = { [first!]: { $exists: true } }
      await collectionOf(collection).createIndex(keys, { name, partialFilterExpression })
    }
}
