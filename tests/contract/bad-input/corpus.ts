import type { ProblemSlug } from '../../../shared/http/problems.ts'
import { requestBytes } from './raw-http.ts'

export type Service = 'command' | 'query'
export const services = ['command', 'query'] as const

/** One thing that nobody should send, and what must come of it. */
export interface BadInput {
  /** Unique within its category and service. */
  readonly name: string
  readonly to: Service
  readonly bytes: Uint8Array
  readonly expect: Expectation
  /** The client says that nothing more will come. */
  readonly halfClose?: boolean
}

export interface Expectation {
  /** `none`: the connection is closed without a word. */
  readonly status: number | 'none'
  /** Left out where the answer is not a problem: the HTTP server's own, without a body, or a success. */
  readonly slug?: ProblemSlug
  /** Pointers that `errors` must have. */
  readonly names?: readonly string[]
  /** Methods that `Allow` must have, no more. */
  readonly allow?: readonly string[]
  /** How many items the list must have: a filter that is no operator finds nobody. */
  readonly items?: number
  readonly isClosed?: boolean
}

/** What the cases refer to: it is there before the first of them. */
export interface World {
  /** Version 1, never changed by a case. */
  readonly user: Known
  readonly other: Known
  /** Continues `/users?limit=1`. */
  readonly cursor: string
  /** Continues `/users?limit=1&sort=last_name`. */
  readonly cursorByName: string
  /** Of requests that were carried out. */
  readonly usedKeys: readonly [string, string]
}

export interface Known {
  readonly id: string
  readonly email: string
  readonly token: string
}

export type Category = (world: World) => readonly BadInput[]

type Sent = Parameters<typeof requestBytes>[0]

/** A request to one service. */
export const to = (service: Service, name: string, sent: Sent, expect: Expectation): BadInput => ({
  name,
  to: service,
  bytes: requestBytes(sent),
  expect,
})

/** The same to both. */
export const toBoth = (name: string, sent: Sent, expect: Expectation): readonly BadInput[] =>
  services.map((service) => to(service, name, sent, expect))

/** Nobody has it. */
export const nobody = '01890a5d-ac96-774b-bcce-b302099a8057'
/** Found in no answer and no log: everything that a case sends as a value has it. */
export const marker = 'zq7secret'

const person = { first_name: 'Ada', last_name: marker, email: `${marker}@example.com` }
export const personWith = (change: object) => JSON.stringify({ ...person, ...change })
/** JSON in the text of a value. */
export const personText = (field: keyof typeof person, json: string) =>
  personWith({}).replace(JSON.stringify(person[field]), () => json)

export const json = { 'content-type': 'application/json' }
export const mergePatch = { 'content-type': 'application/merge-patch+json' }
/** A create that fails for its body alone. */
export const create = (
  name: string,
  body: string | Uint8Array | undefined,
  expect: Expectation,
  headers: Sent['headers'] = json,
) => to('command', name, { method: 'POST', path: '/users', body, headers: { ...headers } }, expect)
export const list = (name: string, query: string, expect: Expectation) =>
  to('query', name, { path: `/users?${query}` }, expect)

export const invalid = (...names: readonly string[]): Expectation => ({ status: 422, slug: 'invalid', names })
export const malformedJson: Expectation = { status: 400, slug: 'malformed-json' }
export const badRequest: Expectation = { status: 400, slug: 'bad-request' }
export const unsupported: Expectation = { status: 415, slug: 'unsupported-media-type' }
/** From the HTTP server, before any code of the project. */
export const refusedByServer = (status: number): Expectation => ({ status, isClosed: true })
