/** What one batch does to one document: its newest state, or `null` where it was deleted. */
export interface Change {
  /** `_id` of the document, unique within a batch. */
  readonly id: string
  readonly version: number
  /** What is compared where it is given, instead of the version; stored beside it. From 1. */
  readonly rank?: number | undefined
  readonly document: object | null
  /** ISO 8601, of the event that caused it. */
  readonly time: string
  /** The store has nothing there, unless this was delivered before. A guess, that only costs time where it is wrong. */
  readonly isNew?: boolean
}

/** One element of a native `bulkWrite`. */
export type WriteOperation = (change: Change) => object

/**
 * The gate: the document becomes the change only where the store knows an older version, a lower rank, or none. It makes every
 * delivery idempotent, and is the only fence between two consumers that overlap after a killed socket.
 *
 * Equality on `_id` alone. The usual `{_id, version: {$lt: v}}` with "E11000 means already newer" loses updates: the
 * other writer may have inserted an OLDER version. `$literal` keeps a name like `$x` from being read as an expression.
 */
export const gatedUpdate: WriteOperation = (change) => ({
  updateOne: {
    filter: { _id: change.id },
    update: [
      {
        $replaceWith: {
          $cond: [
            { $lt: [{ $ifNull: [change.rank === undefined ? '$version' : '$rank', 0] }, place(change)] },
            { $literal: storedDocument(change) },
            '$$ROOT',
          ],
        },
      },
    ],
    upsert: true,
  },
})

/** Refused with E11000 where the store knows anything of the document, deleted or not: then the gate decides. */
export const insertion: WriteOperation = (change) => ({ insertOne: { document: storedDocument(change) } })

/**
 * A delete leaves a tombstone, for ever and without personal data: without it a late or replayed event of the deleted
 * aggregate would bring it back.
 */
export function storedDocument({ id, version, rank, document, time }: Change): object {
  const head = rank === undefined ? { _id: id, version } : { _id: id, version, rank }
  return document === null ? { ...head, deleted_at: time } : { ...head, ...document }
}

/** Of two changes to one document the higher one stays. */
export const place = ({ rank, version }: Pick<Change, 'rank' | 'version'>): number => rank ?? version

/** Events' ranks are even, so that a document that was copied from another generation has its place below its event. */
export const rankOfEvent = (rank: number): number => 2 * rank
export const rankOfCopy = (stored: number): number => (stored - 1) | 1
