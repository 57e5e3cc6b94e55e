import type { Collection } from 'mongodb'
import { versionsOf, type PerVersion } from '../../../query/projector/read-model.ts'
import type { Documents, Found, StoredDocument } from './documents.ts'

interface Version extends StoredDocument {
  readonly [field: string]: unknown
}

const pageMax = 4_000
const lookupsAtOnce = 20

/**
 * A collection with a document for each version, seen as if it had the newest of each aggregate alone: an aggregate
 * whose newest version is a delete is one with a tombstone.
 */
export function newestVersions(
  collection: Collection<StoredDocument>,
  { deletion }: PerVersion,
  count: (of: Counted) => void,
): Documents {
  const versions = collection as unknown as Collection<Version>
  const projection = { version: 1, [deletion]: 1 }
  const foundOf = (aggregateId: string, document: Version): Found => ({
    id: aggregateId,
    version: document.version,
    isTombstone: document[deletion] !== undefined,
  })

  return {
    async range({ after, upTo }, limit) {
      const found: Found[] = []
      let current: { id: string; first: Version; last: Version; documents: number } | undefined
      const end = () => {
        if (!current) return
        const { id, first, last, documents } = current
        count({ documents, missing: last.version - first.version + 1 - documents })
        found.push(foundOf(id, last))
      }
      let from = after === undefined ? {} : { $gt: versionsOf(after).$lt }
      for (;;) {
        const bounds = { ...from, ...(upTo === undefined ? undefined : { $lt: versionsOf(upTo).$lt }) }
        const where = Object.keys(bounds).length > 0 ? { _id: bounds } : {}
        const page = await versions
          .find(where, { projection, sort: { _id: 1 }, limit: pageMax, batchSize: pageMax })
          .toArray()
        for (const document of page) {
          const id = aggregateOf(document)
          if (current?.id === id) {
            current.last = document
            current.documents++
            continue
          }
          end()
          current = { id, first: document, last: document, documents: 1 }
          if (found.length === limit) return found
        }
        if (page.length < pageMax) break
        from = { $gt: page.at(-1)!._id }
      }
      end()
      return found
    },
    async of(ids) {
      const found = new Map<string, Found>()
      for (let start = 0; start < ids.length; start += lookupsAtOnce) {
        const some = ids.slice(start, start + lookupsAtOnce)
        const newest = some.map((id) =>
          versions.findOne({ _id: versionsOf(id) }, { projection, sort: { _id: -1 } }),
        )
        for (const [index, document] of (await Promise.all(newest)).entries())
          if (document) found.set(some[index]!, foundOf(some[index]!, document))
      }
      return found
    },
    // Nothing of a row tells what its last change was.
    whole: async () => new Map(),
  }
}

export interface Counted {
  readonly documents: number
  /** Versions between the first and the newest that there is no document of. */
  readonly missing: number
}

const aggregateOf = ({ _id }: Version) => _id.slice(0, _id.lastIndexOf('.'))
