import type { Aggregate } from '../../commit/aggregate.ts'
import { rowReader, snapshotData } from '../../commit/row-state.ts'

/** Where the current state of an aggregate comes from, and what it is told as. */
export interface ReplaySource {
  readonly aggregate: string
  /** The event type whose data is the whole state. */
  readonly snapshotType: string
  readonly table: string
  /**
   * A row → its version and the snapshot's data.
   * @param instants the table's `timestamptz` columns
   */
  reader(instants: readonly string[]): (json: string) => { readonly version: number; readonly data: object }
}

export type ReplaySources = ReadonlyMap<string, ReplaySource>

/** By aggregate. @throws when an entity leaves its table's name to the ORM */
export function replaySources(aggregates: readonly Aggregate[]): ReplaySources {
  return new Map(aggregates.map((aggregate) => [aggregate.name, sourceOf(aggregate)]))
}

function sourceOf(aggregate: Aggregate): ReplaySource {
  const table = aggregate.entity.meta.tableName
  if (!table) throw new Error(`${aggregate.name}: its entity must name its table`)
  return {
    aggregate: aggregate.name,
    snapshotType: aggregate.snapshot,
    table,
    reader(instants) {
      const read = rowReader(aggregate, instants)
      return (json) => {
        const { state, version } = read(json)
        return { version, data: snapshotData(aggregate, state) }
      }
    },
  }
}
