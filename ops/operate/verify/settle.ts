import { partitionOf } from '../../../shared/messaging/partition.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { stillStands, type Suspect } from './compare.ts'
import type { Documents } from './documents.ts'
import type { Rows } from './rows.ts'

export interface SettleOptions {
  readonly rows: Rows
  readonly documents: Documents
  readonly partitions: number
  /** By partition: the `seq` up to which everything of it was applied. Partitions nothing is known of are left out. */
  readonly appliedTo: () => Promise<ReadonlyMap<number, number>>
  readonly patienceMs: number
  readonly signal: AbortSignal
}

export interface Settled {
  /** Everything committed before the first look was applied, and it is still wrong. */
  readonly confirmed: readonly Suspect[]
  /** Still wrong, but its partition is behind: its events may be on their way. */
  readonly unsettled: readonly Suspect[]
}

const pollMs = 250

/**
 * The second look at what differed: under load most of it was on its way. Waits until what the log held at this moment
 * has gone through the suspects' partitions, so that what differs then was lost, and not late.
 */
export async function settle(suspects: readonly Suspect[], options: SettleOptions): Promise<Settled> {
  const { rows, patienceMs, signal } = options
  if (suspects.length === 0) return { confirmed: [], unsettled: [] }
  const head = await rows.head()
  const deadline = performance.now() + patienceMs
  let left = suspects
  let behind = new Set<number>()
  for (;;) {
    const appliedTo = await options.appliedTo()
    behind = new Set(
      partitionsOf(left, options).filter((partition) => (appliedTo.get(partition) ?? -1) < head),
    )
    left = await lookAgain(left, options)
    if (behind.size === 0 || left.length === 0 || performance.now() > deadline || signal.aborted) break
    await delay(pollMs, signal)
  }
  signal.throwIfAborted()
  const isBehind = ({ id }: Suspect) => behind.has(partitionOf(id, options.partitions))
  return { confirmed: left.filter((suspect) => !isBehind(suspect)), unsettled: left.filter(isBehind) }
}

/** Those that still stand. Documents first: what is written between the two reads is then behind, never ahead. */
export async function lookAgain(
  suspects: readonly Suspect[],
  { rows, documents }: Pick<SettleOptions, 'rows' | 'documents'>,
): Promise<Suspect[]> {
  const ids = suspects.map(({ id }) => id)
  const found = await documents.of(ids)
  const versions = await rows.versionsOf(ids)
  return suspects.flatMap((suspect) => {
    const now = { rowVersion: versions.get(suspect.id), document: found.get(suspect.id) }
    const stands = stillStands(suspect, now)
    // The row's version of the first look is what the document has to reach.
    return stands ? [{ ...stands, rowVersion: suspect.rowVersion ?? stands.rowVersion }] : []
  })
}

function partitionsOf(suspects: readonly Suspect[], { partitions }: SettleOptions): number[] {
  return [...new Set(suspects.map(({ id }) => partitionOf(id, partitions)))]
}
