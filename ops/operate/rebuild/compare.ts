import { createStoreWriter } from '../../../query/projector/store-writer.ts'
import { rankOfCopy, type Change } from '../../../query/projector/gate.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { RebuildError, type RebuildDeps } from './deps.ts'
import { failOnParked } from './fill.ts'
import { pairs, type Pair, type StoredDocument } from './pairs.ts'

/** Of the old generation (read) and the new one. */
export interface Comparison {
  readonly compared: number
  /** In the new one alone, or newer there: the old one had missed it. */
  readonly mended: number
  /** Same version, other content: the projection has changed, or the old document was wrong. */
  readonly changed: number
  /** Deletes that the log no longer tells of, copied from the old one. */
  readonly tombstones: number
  /** Versions that the log no longer tells of, copied from the old one: as its projection made them. */
  readonly versions: number
}

const lookAgainMs = 500
const settleTimeoutMsDefault = 30_000
/** More than writes under way can explain. */
const openMax = 10_000
const batchMax = 500

/**
 * Compares all of both. What the new generation lacks is looked at again: each follows the writes at its own pace.
 * @throws RebuildError when it stays behind the old one
 */
export async function compareSettled(
  deps: RebuildDeps,
  { from, to }: { from: ReadModel; to: ReadModel },
): Promise<Comparison> {
  const counts = { compared: 0, mended: 0, changed: 0, tombstones: 0, versions: 0 }
  const behind = new Set<string>()
  const judge = to.perVersion ? judgeVersion : judgeNewest
  const copies: Change[] = []
  const copy = async () => {
    if (copies.length === 0) return
    await createStoreWriter(deps.collectionOf).write(to.collection, copies)
    counts[to.perVersion ? 'versions' : 'tombstones'] += copies.length
    copies.length = 0
  }
  for await (const pair of pairs(deps.collectionOf, { from, to })) {
    if (++counts.compared % 10_000 === 0) {
      deps.signal.throwIfAborted()
      deps.onProgress('compare', `${counts.compared} documents`)
    }
    const verdict = judge(pair)
    switch (verdict) {
      case 'same':
        break
      case 'mended':
      case 'changed':
        counts[verdict]++
        break
      case 'deleted':
        copies.push(tombstoneOf(pair.old!))
        if (copies.length >= batchMax) await copy()
        break
      case 'older':
        copies.push(copyOf(pair.old!))
        if (copies.length >= batchMax) await copy()
        break
      case 'behind':
        behind.add(pair.id)
        break
      default:
        verdict satisfies never
    }
    if (behind.size > openMax) break
  }
  await copy()
  await settle(deps, { from, to }, behind)
  await failOnParked(deps, to)
  deps.onProgress('compare', `${counts.compared} documents are the same or newer`)
  return counts
}

type Verdict = 'same' | 'mended' | 'changed' | 'deleted' | 'older' | 'behind'

/**
 * Each version is told once and for ever, so what the new generation lacks is what the log no longer reaches back to,
 * or was on its way: then the event takes the place of the copy, whose rank is below its.
 */
function judgeVersion({ old, young }: Pair): Verdict {
  if (!old) return 'mended'
  if ((young?.rank ?? 0) < rankOfCopy(old.rank ?? 1)) return 'older'
  return sameContent(old, young!) ? 'same' : 'changed'
}

function judgeNewest({ old, young }: Pair): Verdict {
  if (!old) return 'mended'
  if (!young || young.version < old.version) return old.deleted_at === undefined ? 'behind' : 'deleted'
  if (young.version > old.version) return 'mended'
  if ((old.deleted_at === undefined) !== (young.deleted_at === undefined)) return 'behind'
  return sameContent(old, young) ? 'same' : 'changed'
}

/** Waits for those that were behind. */
async function settle(
  deps: RebuildDeps,
  { from, to }: { from: ReadModel; to: ReadModel },
  behind: Set<string>,
): Promise<void> {
  const versions = async ({ collection }: ReadModel, ids: string[]) => {
    const found = await deps
      .collectionOf<StoredDocument>(collection)
      .find({ _id: { $in: ids } })
      .toArray()
    return new Map(found.map((document) => [document._id, document]))
  }
  const { settleTimeoutMs = settleTimeoutMsDefault } = deps
  for (const startedAtMs = performance.now(); behind.size > 0;) {
    deps.signal.throwIfAborted()
    if (behind.size > openMax || performance.now() - startedAtMs > settleTimeoutMs)
      throw new RebuildError(
        `documents that are read now are older or missing in the new generation: ${[...behind].slice(0, 3).join(', ')}${behind.size > 3 ? ' and more' : ''}. \`verify\` tells which are right`,
      )
    deps.onProgress('compare', `${behind.size} documents are not there yet`)
    for (const ids of chunks([...behind], batchMax)) {
      // The new one last: what the old one gets meanwhile is no difference.
      const [old, young] = [await versions(from, ids), await versions(to, ids)]
      for (const id of ids)
        if (!['behind', 'deleted'].includes(judgeNewest({ id, old: old.get(id), young: young.get(id) })))
          behind.delete(id)
    }
    if (behind.size > 0) await delay(lookAgainMs, deps.signal)
  }
}

const tombstoneOf = ({ _id, version, deleted_at }: StoredDocument): Change => ({
  id: _id,
  version,
  document: null,
  time: deleted_at!,
})

const copyOf = ({ _id, version, rank = 1, ...document }: StoredDocument): Change => ({
  id: _id,
  version,
  rank: rankOfCopy(rank),
  document,
  time: '',
})

const sameContent = (one: StoredDocument, other: StoredDocument) => canonical(one) === canonical(other)

/** The order of fields is no difference, and of two tombstones only the version counts. */
function canonical(document: StoredDocument): string {
  if (document.deleted_at !== undefined) return 'deleted'
  const { rank: _, ...content } = document
  return JSON.stringify(content, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function* chunks<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size)
}
