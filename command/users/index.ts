import { userEvents, type userState } from '../../shared/events/users.ts'
import { aggregate, deletion, event, reject, type StateOf } from '../commit/aggregate.ts'
import { mergePatch } from '../commit/merge-patch.ts'
import { userSamples } from './samples.ts'
import { User } from './user.ts'
import { usersRoutes, type UserInput, type UserPatch } from './routes.ts'

export type UserData = StateOf<typeof userState>

export const users = aggregate<UserData, { routes: typeof usersRoutes }>({
  name: 'users',
  entity: User,
  routes: usersRoutes,
  events: userEvents,
  samples: userSamples,
  snapshot: 'users.user.snapshot.v2',
  unique: { email: { column: 'email_key', key: (user) => user.email.toLowerCase() } },
  decide: {
    create: (_none, input: UserInput, { id, now }) =>
      event('users.user.created.v2', { id, ...tidied(input), created_at: now }),
    replace: (user, input: UserInput) =>
      user ? event('users.user.updated.v2', { ...user, ...tidied(input) }) : reject('not-found'),
    change: (user, patch: UserPatch) =>
      user
        ? event('users.user.updated.v2', { ...user, ...tidied(mergePatch(inputOf(user), patch)) })
        : reject('not-found'),
    remove: (user) => (user ? deletion('users.user.deleted.v2', { id: user.id }) : reject('not-found')),
  },
})

const inputOf = ({ first_name, last_name, email }: UserData): UserInput => ({ first_name, last_name, email })

/** One spelling for what looks the same: NFC, no white space around. */
function tidied(input: UserInput): UserInput {
  const tidy = (text: string) => text.normalize('NFC').trim()
  return { first_name: tidy(input.first_name), last_name: tidy(input.last_name), email: tidy(input.email) }
}
