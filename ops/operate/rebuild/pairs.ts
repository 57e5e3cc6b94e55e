import type { CollectionOf } from '../../../query/projector/collection-of.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'

export interface StoredDocument {
  readonly _id: string
  readonly version: number
  readonly rank?: number
  readonly deleted_at?: string
}

/** One id in both collections; one of them at least has it. */
export interface Pair {
  readonly id: string
  readonly old: StoredDocument | undefined
  readonly young: StoredDocument | undefined
}

/** Both collections side by side in the order of their ids, whatever their size, holding one batch of each. */
export async function* pairs(
  collectionOf: CollectionOf,
  { from, to }: { from: ReadModel; to: ReadModel },
): AsyncGenerator<Pair> {
  const old = documents(collectionOf, from)
  const young = documents(collectionOf, to)
  try {
    let [one, other] = [await old.next(), await young.next()]
    while (!one.done || !other.done) {
      const [first, second] = [
        one.value as StoredDocument | undefined,
        other.value as StoredDocument | undefined,
      ]
      const order = compareIds(first?._id, second?._id)
      yield {
        id: (order <= 0 ? first! : second!)._id,
        old: order <= 0 ? first : undefined,
        young: order >= 0 ? second : undefined,
      }
      if (order <= 0) one = await old.next()
      if (order >= 0) other = await young.next()
    }
  } finally {
    await old.return(undefined)
    await young.return(undefined)
  }
}

async function* documents(
  collectionOf: CollectionOf,
  { collection }: ReadModel,
): AsyncGenerator<StoredDocument> {
  yield* collectionOf<StoredDocument>(collection).find({}, { sort: { _id: 1 }, batchSize: 1_000 })
}

/** As the store orders texts: by their UTF-8 bytes. What is missing comes last. */
function compareIds(one: string | undefined, other: string | undefined): number {
  if (one === undefined) return 1
  if (other === undefined) return -1
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
