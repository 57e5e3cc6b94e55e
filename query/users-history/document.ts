import { Type, type Static } from '@sinclair/typebox'
import { userState } from '../../shared/events/users.ts'

const { id: _, ...values } = userState.properties

/** What a user was at that version; nothing of it after a delete, or once it was erased. */
export const valueNames = Object.keys(values) as (keyof typeof values)[]

/** One version of a user as the store has it, beside `_id` and `version`. */
export const versionDocument = Type.Object({
  type: Type.Union([
    Type.Literal('created'),
    Type.Literal('updated'),
    Type.Literal('deleted'),
    Type.Literal('snapshot'),
  ]),
  /** ISO 8601, UTC, milliseconds: such texts sort as the instants do. */
  at: Type.String(),
  by: Type.Union([Type.String(), Type.Null()]),
  changed: Type.Union([Type.Array(Type.String()), Type.Null()]),
  /** Of the version that a delete made, and of no other. */
  deletion: Type.Optional(Type.Literal(true)),
  /** When the values were taken away; of a delete, when those of all versions before it were. */
  erased_at: Type.Optional(Type.String()),
  ...Type.Partial(Type.Object(values)).properties,
})
export type VersionDocument = Static<typeof versionDocument>
