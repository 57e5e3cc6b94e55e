import type { EntitySchema } from '@mikro-orm/core'
import type { Static, TObject } from '@sinclair/typebox'
import type { EventCatalogue } from '../../shared/events/catalogue.ts'

/**
 * What a user writes to add an aggregate: names, schemas and pure decisions; nothing about transactions, outbox,
 * broker or batches. The state is the `snapshot` event's data; `updated_at`, where the schema has it, and the version
 * belong to the commit loop.
 */
export interface Aggregate<State extends AggregateState = AggregateState> {
  /** Plural, and the first part of its event types: `users`. */
  readonly name: string
  /** The table. Its columns: the state's properties, `version`, and the columns of `unique`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- an entity of any shape
  readonly entity: EntitySchema<any, any>
  readonly events: EventCatalogue
  /** Recorded events of its current types, for the documentation. */
  readonly samples?: readonly { readonly type: string }[]
  /** The event type whose data is the whole state. */
  readonly snapshot: string
  /** By name: values that no two rows may share. The loop stores them, and decides duplicates in one read. */
  readonly unique: Readonly<Record<string, UniqueKey<State>>>
  readonly decide: Readonly<Record<string, Decide<State>>>
}

export interface AggregateState {
  /** Lower-case; a UUID for all that ship. */
  readonly id: string
}

export interface UniqueKey<State> {
  /** The column, with a unique constraint named `<table>_<column>_unique`. */
  readonly column: string
  /** The value as it is compared: case folded, say. */
  key(state: State): string
}

/** Pure: no database, no clock, no randomness of its own. `state` is undefined where there is no row. */
// oxlint-disable-next-line typescript/no-explicit-any -- each decision has an input of its own
export type Decide<State, Input = any> = (
  state: State | undefined,
  input: Input,
  context: DecideContext,
) => Decision<State>

export interface DecideContext {
  /** The aggregate's id; a new one where the command makes an aggregate. */
  readonly id: string
  /** ISO 8601, UTC, milliseconds. */
  readonly now: string
}

export type Decision<State> =
  | { readonly kind: 'event'; readonly type: string; readonly state: State }
  | { readonly kind: 'deletion'; readonly type: string; readonly data: unknown }
  | Rejection

export interface Rejection {
  readonly kind: 'rejection'
  /** `version-conflict` is the commit loop's own: the row is not at a version that the command expects. */
  readonly reason: 'not-found' | 'duplicate' | 'invalid' | 'version-conflict'
  /** For a duplicate: the name in `unique`. */
  readonly field?: string
  readonly detail?: string
  /** For a version conflict: what it is at, where there is a row. */
  readonly version?: number
}

/** Stores `state` as the row and tells it; where nothing changed there is no event and the version stays. */
export const event = <State>(type: string, state: State): Decision<State> => ({ kind: 'event', type, state })
/** Removes the row and tells it. An id is never used again. */
export const deletion = (type: string, data: unknown): Decision<never> => ({ kind: 'deletion', type, data })
export const reject = (
  reason: Exclude<Rejection['reason'], 'version-conflict'>,
  detail?: string,
): Rejection => ({
  kind: 'rejection',
  reason,
  ...(detail === undefined ? undefined : { detail }),
})

/** The state that decisions see: the snapshot's data without what belongs to the commit loop. */
export type StateOf<Schema extends TObject> = Omit<Static<Schema>, 'updated_at'> & AggregateState

/** Declares an aggregate, keeping the types of its state. */
export function aggregate<State extends AggregateState, Extra extends object>(
  definition: Aggregate<State> & Extra,
): Aggregate<State> & Extra {
  if (!(definition.snapshot in definition.events.schemas))
    throw new Error(`${definition.name}: the snapshot type ${definition.snapshot} is not among its events`)
  return definition
}
