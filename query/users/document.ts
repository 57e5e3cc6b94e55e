import { Type, type Static } from '@sinclair/typebox'
import { userState } from '../../shared/events/users.ts'

const { first_name, last_name, email, created_at, updated_at } = userState.properties

/** A user as the store has it, beside `_id` and `version`. The keys are what searches and sorts compare. */
export const userDocument = Type.Object({
  first_name,
  last_name,
  email,
  created_at,
  updated_at,
  first_name_key: Type.String(),
  last_name_key: Type.String(),
  email_key: Type.String(),
})
export type UserDocument = Static<typeof userDocument>
