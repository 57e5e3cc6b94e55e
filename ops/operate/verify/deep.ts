import type { Aggregate } from '../../../command/commit/aggregate.ts'
import { rowReader, snapshotData } from '../../../command/commit/row-state.ts'
import { storedDocument } from '../../../query/projector/gate.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import type { Envelope } from '../../../shared/events/envelope.ts'
import type { StoredDocument } from './documents.ts'

/** The document that the read model makes of a row, as the store should have it. */
export type Projection = (id: string, rowJson: string) => StoredDocument

/**
 * The read model's own projection, fed with the row as a replay would send it: as an event of the aggregate's
 * `snapshot` type at the row's version.
 * @param instants names of the table's columns that hold a `timestamptz`
 */
export function projectionOf(
  aggregate: Aggregate,
  model: ReadModel,
  instants: readonly string[],
): Projection {
  const read = rowReader(aggregate, instants)
  return (id, rowJson) => {
    const { state, version } = read(rowJson)
    const time = new Date(0).toISOString()
    const event = model.handles.decode({
      ...fixed,
      id,
      subject: id,
      time,
      type: aggregate.snapshot,
      sequence: `${version}`,
      data: snapshotData(aggregate, state),
    } as Envelope)
    return storedDocument({
      id: model.key(event),
      version,
      document: model.project(event),
      time,
    }) as StoredDocument
  }
}

const fixed = { specversion: '1.0', logseq: '0' } as const

/** Same version, other fields. @returns the ids, sorted */
export function differing(
  project: Projection,
  rows: ReadonlyMap<string, string>,
  documents: ReadonlyMap<string, StoredDocument>,
): { id: string; version: number }[] {
  const found: { id: string; version: number }[] = []
  for (const [id, json] of rows) {
    const stored = documents.get(id)
    if (!stored) continue
    const wanted = project(id, json)
    // Of another version it is stale or on its way, which is looked at elsewhere.
    if (stored.version === wanted.version && !Bun.deepEquals(stored, wanted))
      found.push({ id, version: wanted.version })
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1))
}
