import type { Collection } from 'mongodb'
import { retryUntil } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { ReadModel } from './read-model.ts'

export interface IndexOptions {
  readonly readModels: readonly ReadModel[]
  readonly collectionOf: (name: string) => Collection<{ _id: string }>
  readonly log: Logger
}

/**
 * Makes the read models' indexes, in the background and until it succeeds. Natively, because the ORM's own
 * `ensureIndexes` drops a collection's other indexes when one cannot be built.
 */
export function createIndexKeeper({ readModels, collectionOf, log }: IndexOptions): Runnable {
  const stopping = new AbortController()
  let running: Promise<unknown> | undefined

  async function make(): Promise<void> {
    for (const { collection, indexes } of readModels)
      for (const { name, keys } of indexes) {
        const [first] = Object.keys(keys)
        // A tombstone has none of the document's fields, so it stays out of the index.
        const partialFilterExpression = { [first!]: { $exists: true } }
        await collectionOf(collection).createIndex(keys, { name, partialFilterExpression })
      }
  }

  return {
    name: 'indexes',
    start() {
      running ??= retryUntil(make, {
        signal: stopping.signal,
        baseMs: 500,
        maxMs: 30_000,
        onFailure: (error, nextMs) => log.warn('indexes could not be made', { error, next_ms: nextMs }),
      })
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
