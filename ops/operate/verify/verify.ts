import { createRecords } from '../../../query/projector/records.ts'
import type { Suspect } from './compare.ts'
import type { Comparison } from './comparison.ts'
import { differing } from './deep.ts'
import type { Rows } from './rows.ts'
import { settle, type Settled } from './settle.ts'
import { walk } from './walk.ts'

/**
 * `resurrected`: a document without a row, and the log tells of the delete. `extra`: without a row, and the log no
 * longer tells why. `differing`: the right version with other fields, which only `deep` finds.
 */
export const differenceKinds = ['missing', 'stale', 'resurrected', 'extra', 'ahead', 'differing'] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  readonly kind: DifferenceKind
  readonly id: string
  readonly rowVersion: number | undefined
  readonly documentVersion: number | undefined
}

export interface VerifyOptions {
  /** Compare whole documents with what the read model's projection makes of the rows. */
  readonly deep: boolean
  /** How long what differs may be behind before it is left as unsettled. */
  readonly patienceMs: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: VerifyProgress) => void
}

export interface VerifyProgress {
  readonly rows: number
  /** Roughly. */
  readonly rowsExpected: number
  readonly suspects: number
}

export interface Verification {
  readonly aggregate: string
  readonly group: string
  readonly collection: string
  readonly rows: number
  /** Tombstones among them. Where there is a document for each version: one for each aggregate. */
  readonly documents: number
  readonly versions: Comparison['versions']
  /** Differed at the first look, whatever the second one said. */
  readonly lookedAgain: number
  readonly counts: Readonly<Record<DifferenceKind, number>>
  /** Still differing, but their partitions are behind: their events may be on their way. */
  readonly unsettled: number
  /** The first `differencesMax` of them. */
  readonly differences: readonly Difference[]
}

export const differencesMax = 10_000
/** As many are looked at again together: each second look waits for the pipeline once. */
const suspectsMax = 5_000

/** Reads only, and is safe under load. Memory stays flat, however many users there are. */
export async function verify(comparison: Comparison, options: VerifyOptions): Promise<Verification> {
  const { rows, documents, project } = comparison
  const { signal } = options
  const counts = Object.fromEntries(differenceKinds.map((kind) => [kind, 0])) as Record<
    DifferenceKind,
    number
  >
  const differences: Difference[] = []
  let [rowCount, documentCount, lookedAgain, unsettled] = [0, 0, 0, 0]
  let suspects: Suspect[] = []
  const rowsExpected = await rows.estimate()

  for await (const bucket of walk(rows, documents)) {
    signal.throwIfAborted()
    rowCount += bucket.rows
    documentCount += bucket.documents
    suspects.push(...bucket.suspects)
    if (project) {
      const whole = await documents.whole(bucket.range)
      for (const { id, version } of differing(project, await rows.jsonOf(bucket.range), whole))
        note({ kind: 'differing', id, rowVersion: version, documentVersion: version })
    }
    if (suspects.length >= suspectsMax) await secondLook()
    options.onProgress({
      rows: rowCount,
      rowsExpected: Math.max(rowCount, rowsExpected),
      suspects: suspects.length,
    })
  }
  await secondLook()
  const { aggregate, group, collection } = comparison
  return {
    aggregate,
    group,
    collection,
    rows: rowCount,
    documents: documentCount,
    versions: comparison.versions,
    lookedAgain,
    counts,
    unsettled,
    differences,
  }

  async function secondLook(): Promise<void> {
    const settled = await secondLookAt(suspects, comparison, options)
    lookedAgain += suspects.length
    unsettled += settled.unsettled.length
    for (const difference of await told(settled.confirmed, rows)) note(difference)
    suspects = []
  }

  function note(difference: Difference): void {
    counts[difference.kind]++
    if (differences.length < differencesMax) differences.push(difference)
  }
}

function secondLookAt(
  suspects: readonly Suspect[],
  comparison: Comparison,
  options: VerifyOptions,
): Promise<Settled> {
  const { connections, group, rows, documents } = comparison
  const records = createRecords(connections.collectionOf)
  return settle(suspects, {
    rows,
    documents,
    partitions: connections.places.partitions,
    async appliedTo() {
      const [heartbeats, queues] = await Promise.all([records.heartbeats(), records.queues()])
      // What a replay has yet to bring is not applied, however new the heartbeats are.
      const incomplete = new Set(queues.filter(({ replay }) => replay).map(({ queue }) => queue))
      return new Map(
        heartbeats
          .filter((entry) => entry.group === group && !incomplete.has(entry.queue))
          .map(({ partition, cursor }) => [partition, cursor]),
      )
    },
    ...options,
  })
}

/** A document without a row is resurrected where the log tells of the delete, which the document has not seen. */
async function told(confirmed: readonly Suspect[], rows: Rows): Promise<Difference[]> {
  const ghosts = confirmed.filter(({ suspicion }) => suspicion === 'ghost').map(({ id }) => id)
  const logged = ghosts.length > 0 ? await rows.loggedVersions(ghosts) : new Map<string, number>()
  return confirmed.map(({ id, suspicion, rowVersion, documentVersion }) => {
    const isLogged = (logged.get(id) ?? 0) > (documentVersion ?? 0)
    const kind = suspicion === 'ghost' ? (isLogged ? 'resurrected' : 'extra') : suspicion
    return { kind, id, rowVersion, documentVersion }
  })
}
