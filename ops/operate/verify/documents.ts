import type { Collection } from 'mongodb'
import type { Range } from './rows.ts'

/** A document as verifying sees it; a tombstone is one too. */
export interface Found {
  readonly id: string
  readonly version: number
  readonly isTombstone: boolean
}

export type StoredDocument = { _id: string; version: number; deleted_at?: string }

/** The documents of one collection. Reads by `_id` alone, which every store does from its index. */
export interface Documents {
  /** The first `limit` of a range, in the order of the ids. */
  range(range: Range, limit: number): Promise<Found[]>
  of(ids: readonly string[]): Promise<Map<string, Found>>
  /** Whole documents, tombstones left out. */
  whole(range: Range): Promise<Map<string, StoredDocument>>
}

export function documentsOf(collection: Collection<StoredDocument>): Documents {
  const projection = { version: 1, deleted_at: 1 }
  return {
    async range(range, limit) {
      const found = collection
        .find(within(range), { projection, sort: { _id: 1 }, limit, batchSize: limit })
        .map(foundOf)
      return found.toArray()
    },
    async of(ids) {
      const found = await collection
        .find({ _id: { $in: [...ids] } }, { projection })
        .map(foundOf)
        .toArray()
      return new Map(found.map((document) => [document.id, document]))
    },
    async whole(range) {
      const found = await collection.find(within(range)).toArray()
      return new Map(
        found
          .filter(({ deleted_at }) => deleted_at === undefined)
          .map((document) => [document._id, document]),
      )
    },
  }
}

function within({ after, upTo }: Range) {
  const bounds = { ...(after !== undefined && { $gt: after }), ...(upTo !== undefined && { $lte: upTo }) }
  return Object.keys(bounds).length > 0 ? { _id: bounds } : {}
}

const foundOf = ({ _id, version, deleted_at }: StoredDocument): Found => ({
  id: _id,
  version,
  isTombstone: deleted_at !== undefined,
})
