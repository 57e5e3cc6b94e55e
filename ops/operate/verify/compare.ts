import type { Found } from './documents.ts'

/**
 * `missing`: a row without a document. `stale`: the document is older than its row. `ghost`: a document without a row.
 * `ahead`: the document is newer than its row, or a tombstone although there is one: rows were lost in PostgreSQL.
 */
export type Suspicion = 'missing' | 'stale' | 'ghost' | 'ahead'

export interface Suspect {
  readonly id: string
  readonly suspicion: Suspicion
  /** As of this look; undefined where there is no row. */
  readonly rowVersion: number | undefined
  /** Undefined where there is no document. */
  readonly documentVersion: number | undefined
}

/** What differs at one look, which under load is mostly what is on its way. Pure. */
export function compare(rows: ReadonlyMap<string, number>, documents: Iterable<Found>): Suspect[] {
  const suspects: Suspect[] = []
  const seen = new Set<string>()
  for (const { id, version, isTombstone } of documents) {
    seen.add(id)
    const suspicion = suspicionOf(rows.get(id), version, isTombstone)
    if (suspicion) suspects.push({ id, suspicion, rowVersion: rows.get(id), documentVersion: version })
  }
  for (const [id, rowVersion] of rows)
    if (!seen.has(id)) suspects.push({ id, suspicion: 'missing', rowVersion, documentVersion: undefined })
  return suspects
}

function suspicionOf(
  rowVersion: number | undefined,
  version: number,
  isTombstone: boolean,
): Suspicion | undefined {
  if (rowVersion === undefined) return isTombstone ? undefined : 'ghost'
  if (version < rowVersion) return 'stale'
  return version > rowVersion || isTombstone ? 'ahead' : undefined
}

/**
 * Does a suspicion stand at a second look, once everything that was committed before the first one was applied? Pure.
 * @param now documents read before the rows, so that what is written meanwhile is never ahead
 */
export function stillStands(
  suspect: Suspect,
  now: { readonly rowVersion: number | undefined; readonly document: Found | undefined },
): Suspect | undefined {
  const { rowVersion, document } = now
  const documentVersion = document?.version
  // Deleted between the looks: its tombstone may be on its way still.
  if (rowVersion === undefined && suspect.rowVersion !== undefined) return undefined
  const suspicion =
    rowVersion === undefined
      ? document && suspicionOf(undefined, document.version, document.isTombstone)
      : document === undefined
        ? 'missing'
        : suspicionOf(rowVersion, document.version, document.isTombstone)
  // Newer than the row was at the first look: it is on its way, and not behind.
  const isNewerThanFirstLook =
    suspect.rowVersion === undefined || (documentVersion ?? 0) >= suspect.rowVersion
  if ((suspicion === 'stale' || suspicion === 'missing') && isNewerThanFirstLook) return undefined
  return suspicion && { id: suspect.id, suspicion, rowVersion, documentVersion }
}
