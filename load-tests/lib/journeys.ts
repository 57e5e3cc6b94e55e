import {
  createUser,
  findUserByEmail,
  listUsers,
  readUser,
  readUserIfChanged,
  removeUser,
  replaceUser,
  type User,
} from './api.ts'
import { pickByZipf } from './zipf.ts'

/** This virtual user's own; nobody else knows of these, so that a removal is in nobody's way. */
const own: string[] = []
const etags = new Map<string, string>()

/** One command: a sign-up of two, else somebody changes his name, and now and then one leaves. */
export function write(users: readonly User[]): void {
  const dice = Math.random()
  const leaving = dice < 0.1 ? own.shift() : undefined
  if (leaving !== undefined) removeUser(leaving)
  else if (dice < 0.5) replaceUser(pickByZipf(users))
  else {
    const user = createUser()
    if (user) own.push(user.id)
  }
}

/** One query: nearly always one document, half of them by clients that have it already; else a search or a page. */
export function read(users: readonly User[]): void {
  const dice = Math.random()
  const { id, email } = pickByZipf(users)
  if (dice < 0.03) return listUsers()
  if (dice < 0.1) return findUserByEmail(email)
  const known = dice < 0.55 ? etags.get(id) : undefined
  const etag = known === undefined ? readUser(id) : readUserIfChanged(id, known)
  if (etag !== undefined) etags.set(id, etag)
}

/** As mixed use is: one of five is a command. */
export function readOrWrite(users: readonly User[]): void {
  if (Math.random() < 0.2) write(users)
  else read(users)
}
