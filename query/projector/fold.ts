import { place, type Change } from './gate.ts'

/** A change and its place in the batch it came from. */
export interface PlacedChange extends Change {
  readonly position: number
}

/**
 * A batch in the order of arrival → one change per document, the highest version winning, sorted by id. Pure.
 *
 * By version and not "all upserts, then all deletes", which resurrects. Sorted, since two unordered bulk writes over
 * the same ids in opposite order deadlock in FerretDB for seconds, and in the same order never.
 */
export function fold(changes: readonly Change[]): PlacedChange[] {
  const newest = new Map<string, PlacedChange>()
  for (const [position, change] of changes.entries()) {
    const known = newest.get(change.id)
    if (known === undefined) newest.set(change.id, { ...change, position })
    else if (place(known) < place(change))
      newest.set(change.id, { ...change, position, isNew: known.isNew || change.isNew })
  }
  return [...newest.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}
