import { Type, type Static } from '@sinclair/typebox'
import { eventCatalogue } from './catalogue.ts'

/**
 * No control characters and no lone surrogates, at least one character that is not white space. Written so that it
 * means the same with and without the `u` flag, since validators differ in that.
 */
const printable =
  '^(?=[\\s\\S]*\\S)(?:[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])*$'

export const personName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: printable,
  'x-error': 'must be a text of 1 to 100 printable characters',
})
export const emailAddress = Type.String({
  minLength: 3,
  maxLength: 254,
  'x-error': 'must be an e-mail address of at most 254 characters',
  pattern:
    '^\\s*(?:[^\\u0000-\\u0020\\u007f-\\u00a0\\ud800-\\udfff@<>"(),:;\\[\\]\\\\]|[\\ud800-\\udbff][\\udc00-\\udfff])+@' +
    '[^\\u0000-\\u0020\\u007f-\\u00a0\\ud800-\\udfff@<>"(),:;\\[\\]\\\\.]+(?:\\.[^\\u0000-\\u0020\\u007f-\\u00a0\\ud800-\\udfff@<>"(),:;\\[\\]\\\\.]+)+\\s*$',
})
export const uuid = Type.String({
  'x-error': 'must be a UUID',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
})
const instant = Type.String({ minLength: 20, maxLength: 35, example: '2026-01-02T03:04:05.678Z' })

/** A user's whole state after a change; the version is the envelope's. */
export const userState = Type.Object({
  id: { ...uuid, example: '01890a5d-ac96-774b-bcce-b302099a8057' },
  first_name: { ...personName, example: 'Ada' },
  last_name: { ...personName, example: 'Lovelace' },
  email: { ...emailAddress, example: 'ada@example.com' },
  created_at: instant,
  updated_at: instant,
})
export type UserState = Static<typeof userState>

export const userEvents = eventCatalogue({
  'users.user.created.v1': userState,
  'users.user.updated.v1': userState,
  'users.user.deleted.v1': Type.Object({ id: uuid }),
  /** The current state at its version, sent in a replay. */
  'users.user.snapshot.v1': userState,
})
export type UserEvent = ReturnType<typeof userEvents.decode>
