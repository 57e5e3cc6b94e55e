import type { Collection, Filter } from 'mongodb'
import { HttpProblem } from '../shared/http/problem.ts'
import { withTimeout } from '../shared/process/backoff.ts'
import type { Logger } from '../shared/process/log.ts'
import { joinReads } from './joined-reads.ts'

/** A document as the store has it. A tombstone is `{ _id, version, deleted_at }`, and no reader ever sees one. */
export type Stored<Document> = Document & { readonly _id: string; readonly version: number }

/** Reading one read model. Every error of the store is an HttpProblem `unavailable`, within a bounded time. */
export interface Reads<Document> {
  /** @returns undefined for an unknown or deleted id */
  byId(id: string, fields: Fields): Promise<Stored<Document> | undefined>
  /** The version alone, without reading the document. @returns undefined for an unknown or deleted id */
  versionOf(id: string): Promise<number | undefined>
  /** @returns at most `limit` documents behind `after`, in the order asked for */
  page(request: PageRequest): Promise<Stored<Document>[]>
  /** By id, tombstones too; an unknown id is left out. */
  versions(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
}

export interface PageRequest {
  /** Conditions that must all hold, in the store's query language. Values come from validated text only. */
  readonly where: readonly Readonly<Record<string, unknown>>[]
  readonly order: Order
  /** Where the last page ended. */
  readonly after: Position | undefined
  readonly limit: number
  readonly fields: Fields
}

/** `_id` breaks ties, so that an order is total and a page can begin exactly behind the last document. */
export interface Order {
  readonly field: string
  readonly direction: 1 | -1
}

/** A document's place in an order: the value of its field (the id once more where the field is `_id`), and its id. */
export interface Position {
  readonly value: string
  readonly id: string
}

export type Fields = Readonly<Record<string, 1>>

/** Only what is asked for, since decoding BSON is what a read costs; and what tells a tombstone. */
export function fields(...names: string[]): Fields {
  return Object.fromEntries([...names, 'version', 'deleted_at'].map((name) => [name, 1]))
}

const versionOnly = fields()

type AnyDocument = { _id: string; version: number; deleted_at?: string }

export function createReads<Document>(
  collection: Collection<AnyDocument>,
  options: { timeoutMs: number; log: Logger },
): Reads<Document> {
  const { timeoutMs, log } = options

  /** The driver gives up on a store that is away; on one that hangs, this does. */
  async function bounded<T>(reading: Promise<T>): Promise<T> {
    try {
      return await withTimeout(reading, timeoutMs, 'the read')
    } catch (error) {
      log.warn('the store did not answer a read', { collection: collection.collectionName, error })
      throw new HttpProblem('unavailable', { detail: 'the store of the read side does not answer' })
    }
  }

  /** One for each projection: a route has one, made once. */
  const loaders = new WeakMap<Fields, (id: string) => Promise<AnyDocument | undefined>>()

  function load(id: string, projection: Fields): Promise<AnyDocument | undefined> {
    let loader = loaders.get(projection)
    if (!loader) loaders.set(projection, (loader = joinReads((ids) => bounded(findAll(ids, projection)))))
    return loader(id)
  }

  function findAll(ids: readonly string[], projection: Fields): Promise<AnyDocument[]> {
    const limit = ids.length
    return collection
      .find({ _id: { $in: [...ids] } }, { projection, limit, batchSize: limit, singleBatch: true })
      .toArray()
  }

  return {
    async byId(id, projection) {
      const found = await load(id, projection)
      return found === undefined || found.deleted_at !== undefined ? undefined : (found as Stored<Document>)
    },
    async versionOf(id) {
      const found = await load(id, versionOnly)
      return found === undefined || found.deleted_at !== undefined ? undefined : found.version
    },
    async page({ where, order, after, limit, fields: projection }) {
      const conditions = [...where, ...behind(order, after), { deleted_at: { $exists: false } }]
      const cursor = collection.find({ $and: conditions } as Filter<AnyDocument>, {
        projection,
        sort: { [order.field]: order.direction, _id: order.direction },
        limit,
        batchSize: limit,
      })
      return (await bounded(cursor.toArray())) as unknown as Stored<Document>[]
    },
    async versions(ids) {
      const found = await Promise.all(ids.map((id) => load(id, versionOnly)))
      return new Map(found.flatMap((one) => (one ? [[one._id, one.version] as const] : [])))
    },
  }
}

function behind(order: Order, after: Position | undefined): Record<string, unknown>[] {
  if (after === undefined) return []
  const operator = order.direction === 1 ? '$gt' : '$lt'
  if (order.field === '_id') return [{ _id: { [operator]: after.id } }]
  // The first condition follows from the second, and is the one that an index can use.
  return [
    { [order.field]: { [`${operator}e`]: after.value } },
    {
      $or: [
        { [order.field]: { [operator]: after.value } },
        { [order.field]: after.value, _id: { [operator]: after.id } },
      ],
    },
  ]
}
