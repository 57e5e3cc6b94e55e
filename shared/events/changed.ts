import { Type, type TObject, type TProperties, type TSchema } from '@sinclair/typebox'

/** The one field of an event's data that is no part of the state: the commit loop fills it. */
export const changedField = 'changed'

// Each name is there once, but no schema asks for it: the check hashes every item, a tenth of the time of a command.
const changed = Type.Union([Type.Array(Type.String({ minLength: 1 })), Type.Null()], {
  description:
    'Names of the fields that this event changed: all that were set when it was created, none when it was deleted. Null where nobody knows, as in a snapshot',
})

/** Data that also says which of its fields are new. */
export function withChanged<Properties extends TProperties>(
  state: TObject<Properties>,
): TObject<Properties & { changed: typeof changed }> {
  return Type.Object({ ...state.properties, changed } as Properties & { changed: typeof changed })
}

/** A past version without it → the next one, of whose change nobody knows. */
export const toChangedUnknown = (type: string, schema: TSchema) => ({
  schema,
  upcast: (data: unknown) => ({ type, data: { ...(data as object), [changedField]: null } }),
})
