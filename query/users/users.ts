import { userEvents, type UserEvent } from '../../shared/events/users.ts'
import { readModel } from '../projector/read-model.ts'
import { userDocument, type UserDocument } from './document.ts'
import { foldEmail, foldName } from './folding.ts'
import { userRoutes } from './routes.ts'

/** The current state of every user. */
export const users = readModel({
  name: 'users',
  generation: 1,
  handles: userEvents,
  document: userDocument,
  indexes: [
    // Not unique: uniqueness is the write side's, and the events of two users have no mutual order.
    { name: 'email_key', keys: { email_key: 1 } },
    { name: 'last_name_key', keys: { last_name_key: 1, _id: 1 } },
    { name: 'first_name_key', keys: { first_name_key: 1, _id: 1 } },
  ],
  project: projectUser,
  routes: userRoutes,
})

export function projectUser(event: UserEvent): UserDocument | null {
  switch (event.type) {
    case 'users.user.created.v2':
    case 'users.user.updated.v2':
    case 'users.user.snapshot.v2': {
      const { first_name, last_name, email, created_at, updated_at } = event.data
      return {
        first_name,
        last_name,
        email,
        created_at,
        updated_at,
        first_name_key: foldName(first_name),
        last_name_key: foldName(last_name),
        email_key: foldEmail(email),
      }
    }
    case 'users.user.deleted.v2':
      return null
    default:
      return event satisfies never
  }
}
