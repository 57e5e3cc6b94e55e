import { check } from 'k6'
import http, { type RefinedResponse, type ResponseType } from 'k6/http'
import { acknowledged, removing } from './acknowledged.ts'
import { newPerson } from './people.ts'
import { commandUrl, hasKeys, queryUrl, waitS } from './settings.ts'

export interface User {
  readonly id: string
  readonly email: string
}

/** A write, and what it takes to read it back for sure. */
export interface Written extends User {
  readonly version: number
  readonly token: string
}

type Answer = RefinedResponse<ResponseType | undefined>

/** @returns undefined where it was not created */
export function createUser(): Written | undefined {
  const person = newPerson()
  const answer = http.post(`${commandUrl}/users`, JSON.stringify(person), json('POST /users'))
  return isAnswered(answer, 'created', 201) ? written(answer, person.email) : undefined
}

/**
 * Another name, the same address: a user has one address for good, so that two writers never want the same.
 * @returns undefined where it was not replaced
 */
export function replaceUser({ id, email }: User): Written | undefined {
  const body = JSON.stringify({ ...newPerson(), email })
  const answer = http.put(`${commandUrl}/users/${id}`, body, json('PUT /users/:id', ofAnyVersion))
  return isAnswered(answer, 'replaced', 200) ? written(answer, email) : undefined
}

function written(answer: Answer, email: string): Written {
  const { id, version } = answer.json() as unknown as { id: string; version: number }
  acknowledged(id, version)
  return { id, email, version, token: answer.headers['Consistency-Token'] ?? '' }
}

export function removeUser(id: string): void {
  removing(id)
  const name = 'DELETE /users/:id'
  const headers = { ...newRequest(), ...ofAnyVersion }
  const answer = http.del(`${commandUrl}/users/${id}`, null, { ...named(name), headers })
  if (isAnswered(answer, 'removed', 204)) acknowledged(id, 'removed')
}

/** @returns the document's ETag */
export function readUser(id: string): string | undefined {
  const answer = http.get(`${queryUrl}/users/${id}`, named('GET /users/:id'))
  return isAnswered(answer, 'read', 200) ? answer.headers['Etag'] : undefined
}

/** As a client does that has the document already; a service that does not look at the header sends it anew. */
export function readUserIfChanged(id: string, etag: string): string | undefined {
  const params = named('GET /users/:id, if changed')
  const answer = http.get(`${queryUrl}/users/${id}`, { ...params, headers: { 'if-none-match': etag } })
  return isAnswered(answer, 'read, if changed', 200, 304) ? answer.headers['Etag'] : undefined
}

/** Waits until the read side shows this very write, or a later one. @returns whether it did */
export function readWritten({ id, version, token }: Written): boolean {
  const headers = { 'consistency-token': token, prefer: `wait=${waitS}` }
  const answer = http.get(`${queryUrl}/users/${id}`, { ...named('GET /users/:id, by token'), headers })
  return check(answer, {
    'shows the write': ({ status }) =>
      status === 200 && (answer.json() as unknown as { version: number }).version >= version,
  })
}

export function findUserByEmail(email: string): void {
  const url = `${queryUrl}/users?email=${encodeURIComponent(email)}`
  isAnswered(http.get(url, named('GET /users?email')), 'found', 200)
}

export function listUsers(): void {
  isAnswered(http.get(`${queryUrl}/users?limit=20`, named('GET /users?limit')), 'listed', 200)
}

function isAnswered(answer: Answer, what: string, ...statuses: number[]): boolean {
  return check(answer, { [what]: ({ status }) => statuses.includes(status) })
}

/** Under the route's name, not the URL: one series of figures, however many users. */
const named = (name: string) => ({ tags: { name } })
export const json = (name: string, headers: Record<string, string> = {}) => ({
  ...named(name),
  headers: { 'content-type': 'application/json', ...newRequest(), ...headers },
})

/** Several virtual users change one user at a time, and none of them is to lose; a service may ask for the header. */
const ofAnyVersion = { 'if-match': '*' }

/** As a client does that repeats what was not answered, and as a service may ask for. */
const newRequest = (): Record<string, string> => (hasKeys ? { 'idempotency-key': crypto.randomUUID() } : {})
