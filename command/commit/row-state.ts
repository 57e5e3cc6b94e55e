import { changedField } from '../../shared/events/changed.ts'
import type { Aggregate, AggregateState } from './aggregate.ts'

export interface RowState {
  readonly state: AggregateState
  readonly version: number
}

/**
 * Reads a row of an aggregate's table, as `row_to_json` writes it, into the state that its events carry: the
 * properties of the snapshot's data in their order, times as the events have them, which depend on no session's zone.
 * @param instants names of the columns that hold a `timestamptz`
 */
export function rowReader(aggregate: Aggregate, instants: readonly string[]): (json: string) => RowState {
  const { properties = {} } = (aggregate.events.schemas[aggregate.snapshot] ?? {}) as { properties?: object }
  const stateColumns = Object.keys(properties).filter((name) => name !== changedField)
  return (json) => {
    const row = JSON.parse(json) as Record<string, unknown>
    for (const name of instants) if (row[name] != null) row[name] = new Date(String(row[name])).toISOString()
    const state = Object.fromEntries(stateColumns.map((name) => [name, row[name]]))
    return { state: state as unknown as AggregateState, version: Number(row['version']) }
  }
}

/** A state as the aggregate's snapshot event carries it: nobody knows which of its changes was the last. */
export function snapshotData({ events, snapshot }: Aggregate, state: AggregateState): object {
  return events.tellingChanges.has(snapshot) ? { ...state, [changedField]: null } : state
}
