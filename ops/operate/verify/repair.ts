import { createStoreWriter } from '../../../query/projector/store-writer.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { askForReplays, followReplays, type ReplayProgress } from '../replay.ts'
import type { Suspect } from './compare.ts'
import type { StoredDocument } from './documents.ts'
import { lookAgain } from './settle.ts'
import type { Comparison } from './comparison.ts'
import type { Difference, DifferenceKind } from './verify.ts'

export interface RepairOptions {
  /** May documents that have neither row nor event become tombstones? */
  readonly removeExtras: boolean
  /** How long what was repaired may take to show. */
  readonly patienceMs: number
  readonly signal: AbortSignal
  readonly onProgress: (replays: readonly ReplayProgress[]) => void
}

export interface Repair {
  /** Asked of the relay: by aggregate, or one of everything where there were too many. */
  readonly replays: readonly ReplayProgress[]
  readonly removed: number
  readonly replaced: number
  /** Of what was to be repaired, what still differs. */
  readonly left: number
}

/** Each reads the log once, for one aggregate's events: beyond so many, one replay of everything is done sooner. */
const singleReplaysMax = 100
const pollMs = 250

/** What a replay brings right, by the gate. */
const replayed: readonly DifferenceKind[] = ['missing', 'stale', 'resurrected']

/**
 * Repairs what was found and nothing else: through the gate, so beside live events and as often as one likes. What is
 * ahead cannot be repaired: the gate would refuse it for good, and only a rebuild makes it right.
 * @throws ReplayNotAcceptedError where no relay has been at this broker yet; Unreachable
 */
export async function repair(
  comparison: Comparison,
  differences: readonly Difference[],
  options: RepairOptions,
): Promise<Repair> {
  const { connections } = comparison
  const of = (...kinds: DifferenceKind[]) => differences.filter(({ kind }) => kinds.includes(kind))
  const ids = await replay(comparison, of(...replayed))
  const removed =
    options.removeExtras && !comparison.versions ? await removeExtras(comparison, of('extra')) : []
  const replaced = await replaceDiffering(comparison, of('differing'))
  const replays = await followReplays(connections.sql, ids, options)
  const awaited = [...of(...replayed), ...removed].map(asSuspect)
  return {
    replays,
    removed: removed.length,
    replaced,
    left: (await untilRight(comparison, awaited, options)) + of('differing').length - replaced,
  }
}

async function replay(comparison: Comparison, differences: readonly Difference[]): Promise<string[]> {
  const { connections, aggregate, group } = comparison
  const { partitions } = connections.places
  const common = { aggregate, group, reason: 'verify --repair' }
  const ids = differences.map(({ id }) => id)
  if (ids.length <= singleReplaysMax)
    return askForReplays(
      connections,
      ids.map((id) => ({ ...common, scope: { kind: 'aggregate', id }, only: [partitionOf(id, partitions)] })),
    )
  const only = [...new Set(ids.map((id) => partitionOf(id, partitions)))].sort((a, b) => a - b)
  return askForReplays(connections, [{ ...common, scope: { kind: 'all' }, only }])
}

/**
 * No replay can tell of them, since the log no longer does. An id is never used again, so where there is no row the
 * aggregate was deleted, at a version above the document's. A tombstone at the next version is what the delete would
 * have left, and the delete itself still passes the gate if it ever comes.
 */
async function removeExtras(
  comparison: Comparison,
  differences: readonly Difference[],
): Promise<Difference[]> {
  const known = await comparison.rows.versionsOf(differences.map(({ id }) => id))
  const extras = differences.filter(({ id }) => !known.has(id))
  const writer = createStoreWriter(comparison.connections.collectionOf)
  const time = new Date().toISOString()
  const tombstones = extras
    .map(({ id, documentVersion = 0 }) => ({ id, version: documentVersion + 1, document: null, time }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  if (tombstones.length > 0) await writer.write(comparison.collection, tombstones)
  return extras
}

/**
 * An equal version never passes the gate, so the right document takes the place of the wrong one where that is still
 * at the very version that the row has. A newer one stays.
 * @returns how many were replaced
 */
async function replaceDiffering(comparison: Comparison, differences: readonly Difference[]): Promise<number> {
  const { connections, project, rows } = comparison
  const collection = connections.collectionOf<StoredDocument>(comparison.collection)
  let replaced = 0
  for (const { id } of differences) {
    const json = await rows.jsonOfOne(id)
    if (json === undefined || project === undefined) continue
    const document = project(id, json)
    const { matchedCount } = await collection.replaceOne(
      { _id: id, version: document.version, deleted_at: { $exists: false } },
      document,
      { writeConcern: { w: 'majority' } },
    )
    replaced += matchedCount
  }
  return replaced
}

/** What was replayed is in the queues now, and shows when its consumer has come to it. @returns how many do not */
async function untilRight(comparison: Comparison, suspects: readonly Suspect[], options: RepairOptions) {
  const deadline = performance.now() + options.patienceMs
  let left = suspects
  for (;;) {
    left = left.length > 0 ? await lookAgain(left, comparison) : []
    if (left.length === 0 || performance.now() > deadline) return left.length
    await delay(pollMs, options.signal)
    options.signal.throwIfAborted()
  }
}

function asSuspect({ id, kind, rowVersion, documentVersion }: Difference): Suspect {
  const suspicion = kind === 'resurrected' || kind === 'extra' || kind === 'differing' ? 'ghost' : kind
  return { id, suspicion, rowVersion, documentVersion }
}
