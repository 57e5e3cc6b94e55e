import { usersHistory } from './users-history/users-history.ts'
import { users } from './users/users.ts'

/** Everything this side keeps. A read model is one folder and one line here. */
export const readModels = [users, usersHistory]
