import type { AnyBulkWriteOperation, BulkWriteResult, Collection } from 'mongodb'
import { gatedUpdate, insertion, type Change, type WriteOperation } from './gate.ts'

/**
 * Applies a batch's changes to one collection. Resolves when all of them are durable on a majority. When it rejects,
 * any of them may have been applied: writing the same batch again is always safe, here and in another process at the
 * same time.
 * @throws DocumentFault when the store refuses one document for what it is; the others may have been applied
 * @throws anything else for what passes: to be tried again, for ever
 */
export interface StoreWriter {
  write(collection: string, changes: readonly Change[]): Promise<WriteOutcome>
}

export interface WriteOutcome {
  /** Documents that are now at the change's version because of this write, as far as the store tells. */
  readonly applied: number
  /** Changes that the gate refused, the store being as new or newer. FerretDB does not tell: always 0 there. */
  readonly skipped: number
}

/** The store will never take this document: no retry helps, and no other event is to blame. */
export class DocumentFault extends Error {
  override readonly name = 'DocumentFault'
  constructor(
    /** Of the change, in the array that was given. */
    readonly index: number,
    readonly code: string,
  ) {
    super(`the store refuses a document (${code})`)
  }
}

/**
 * What is new is inserted first: an insertion costs the store a fifth of what the gate does, and nearly everything that
 * is guessed to be new is.
 * @param operation the gate; only a test of what happens without it passes another
 */
export function createStoreWriter(
  collectionOf: (name: string) => Collection<{ _id: string }>,
  operation: WriteOperation = gatedUpdate,
): StoreWriter {
  return {
    async write(name, changes) {
      const collection = collectionOf(name)
      let applied = 0
      let pending = changes.map((_, index) => index)
      for (let isFirst = true; pending.length > 0; isFirst = false) {
        const outcome = await bulkWrite(
          collection,
          pending.map((index) => {
            const change = changes[index]!
            return isFirst && change.isNew ? insertion(change) : operation(change)
          }),
        )
        applied += outcome.applied
        const { fault } = outcome
        if (fault) throw new DocumentFault(pending[fault.index]!, String(fault.code))
        // E11000: it is there already, or another consumer inserted it after our look, perhaps in an older version. Look
        // again.
        pending = outcome.duplicates.map(({ index }) => pending[index]!)
      }
      return { applied, skipped: changes.length - applied }
    },
  }
}

/** One unordered bulk. @throws whatever concerns the store and not single documents */
async function bulkWrite(
  collection: Collection<{ _id: string }>,
  operations: object[],
): Promise<BulkOutcome> {
  try {
    const result = await collection.bulkWrite(operations as AnyBulkWriteOperation<{ _id: string }>[], {
      ordered: false,
      writeConcern: { w: 'majority' },
    })
    return { applied: countApplied(result), duplicates: [] }
  } catch (error) {
    const { writeErrors, result } = error as BulkFailure
    if (!writeErrors?.length || !result) throw error
    const fault = writeErrors.find(({ code }) => documentFaults.has(code))
    const duplicates = writeErrors.filter(({ code }) => code === duplicateKey)
    if (!fault && duplicates.length < writeErrors.length) throw error
    return { applied: countApplied(result), duplicates, fault }
  }
}

interface BulkOutcome {
  readonly applied: number
  readonly duplicates: readonly WriteError[]
  readonly fault?: WriteError | undefined
}

/** The parts of the driver's MongoBulkWriteError, which is known by its shape so that no driver is imported here. */
interface BulkFailure {
  readonly writeErrors?: readonly WriteError[]
  readonly result?: Counts
}
interface WriteError {
  readonly index: number
  readonly code: number
}
type Counts = Pick<BulkWriteResult, 'insertedCount' | 'upsertedCount' | 'modifiedCount'>

/** MongoDB counts a document that the gate left alone as matched only, FerretDB as modified too. */
const countApplied = ({ insertedCount, upsertedCount, modifiedCount }: Counts) =>
  insertedCount + upsertedCount + modifiedCount

export const duplicateKey = 11_000

/** Too large (10334, 17419, 17420), a key too large for its index (17280), a field name (52, 56, 57). */
const documentFaults: ReadonlySet<number> = new Set([10_334, 17_419, 17_420, 17_280, 52, 56, 57])
