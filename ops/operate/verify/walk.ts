import { compare, type Suspect } from './compare.ts'
import type { Documents, Found } from './documents.ts'
import { hashOf, type Range, type Rows } from './rows.ts'

/** One bucket that was compared: by its hash, and row by row where the hashes differed. */
export interface Compared {
  readonly range: Range
  readonly rows: number
  readonly documents: number
  readonly suspects: readonly Suspect[]
}

/**
 * Compares everything, a bucket of neighbouring ids at a time: the two sides of a bucket are read within milliseconds,
 * so that under load few buckets differ, and memory stays flat however many there are.
 */
export async function* walk(rows: Rows, documents: Documents, bucketRows = 2_000): AsyncGenerator<Compared> {
  const documentsMax = bucketRows * 2
  for (let after: string | undefined; ;) {
    let bucket = await rows.bucket({ after, upTo: undefined }, bucketRows)
    let upTo = bucket.rows < bucketRows ? undefined : bucket.last
    const found = await documents.range({ after, upTo }, documentsMax)
    if (found.length === documentsMax) {
      // Far more documents than rows (tombstones, or ghosts): the bucket ends where the documents that were read do.
      upTo = found.at(-1)!.id
      bucket = await rows.bucket({ after, upTo }, bucketRows)
    }
    const range = { after, upTo }
    const isEqual = bucket.hash === hashOf(found.filter(({ isTombstone }) => !isTombstone))
    yield {
      range,
      rows: bucket.rows,
      documents: found.length,
      suspects: isEqual ? [] : await compared(rows, range, found),
    }
    if (upTo === undefined) return
    after = upTo
  }
}

async function compared(rows: Rows, range: Range, found: readonly Found[]): Promise<Suspect[]> {
  return compare(await rows.versions(range), found)
}
