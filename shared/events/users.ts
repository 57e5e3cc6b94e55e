import { Type, type Static } from '@sinclair/typebox'
import { eventCatalogue } from './catalogue.ts'
import { toChangedUnknown, withChanged } from './changed.ts'
import { instant, printableText, uuid } from './fields.ts'
import { controls, text, whiteSpace } from './text.ts'

export const personName = printableText(100)
/** In no part of an address, quoted forms aside, which nobody has. */
const excluded = `${controls}${whiteSpace}@<>"(),:;\\[\\]\\\\`
export const emailAddress = text({
  minLength: 3,
  maxLength: 254,
  error: 'must be an e-mail address of at most 254 characters',
  pattern: `^[${whiteSpace}]*[^${excluded}]+@[^${excluded}.]+(\\.[^${excluded}.]+)+[${whiteSpace}]*$`,
})

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

const userId = Type.Object({ id: uuid })
const userChange = withChanged(userState)

export const userEvents = eventCatalogue(
  {
    'users.user.created.v2': userChange,
    'users.user.updated.v2': userChange,
    'users.user.deleted.v2': withChanged(userId),
    /** The current state at its version, sent in a replay. */
    'users.user.snapshot.v2': userChange,
  },
  {
    'users.user.created.v1': toChangedUnknown('users.user.created.v2', userState),
    'users.user.updated.v1': toChangedUnknown('users.user.updated.v2', userState),
    'users.user.deleted.v1': toChangedUnknown('users.user.deleted.v2', userId),
    'users.user.snapshot.v1': toChangedUnknown('users.user.snapshot.v2', userState),
  },
)
export type UserEvent = ReturnType<typeof userEvents.decode>
