import { crc32 } from '../shared/messaging/partition.ts'
import { HttpProblem } from '../shared/http/problem.ts'
import { pathOf, queryOf } from '../shared/http/request-line.ts'
import type { Position } from './reads.ts'

/**
 * What a cursor belongs to: it continues one list, and in another order or behind other filters its position would
 * mean something else. The page's size may change between pages.
 */
export interface ListIdentity {
  readonly sort: string
  readonly filters: Readonly<Record<string, string | undefined>>
}

/** Opaque to clients: base64url of a JSON array `[sort, checksum of the filters, value, id]`. */
export function encodeCursor(list: ListIdentity, position: Position): string {
  const bytes = utf8.encode(JSON.stringify([list.sort, checksum(list), position.value, position.id]))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** @throws HttpProblem `bad-cursor` for anything that `encodeCursor` did not make for this very list */
export function decodeCursor(list: ListIdentity, cursor: string): Position {
  const [sort, filters, value, id, ...rest] = parse(cursor)
  // The types are checked because an object in their place would be an operator to the store.
  if (typeof value !== 'string' || typeof id !== 'string' || !idPattern.test(id) || rest.length > 0)
    throw new HttpProblem('bad-cursor')
  if (sort !== list.sort || filters !== checksum(list))
    throw new HttpProblem('bad-cursor', {
      detail: 'a cursor continues the list it came from: keep sort and filters, or begin without a cursor',
    })
  return { value, id }
}

/** The absolute URL of the next page: the same request with another cursor. */
export function nextPageUrl(requestUrl: string, publicUrl: string, cursor: string): string {
  const query = new URLSearchParams(`?${queryOf(requestUrl)}`)
  query.set('cursor', cursor)
  return `${publicUrl}${pathOf(requestUrl)}?${query}`
}

function parse(cursor: string): unknown[] {
  // `atob` overlooks white space.
  if (!/^[\w-]+$/.test(cursor)) throw new HttpProblem('bad-cursor')
  try {
    const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const value: unknown = JSON.parse(
      strictUtf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))),
    )
    if (Array.isArray(value)) return value
  } catch {
    // Not base64url, not UTF-8 or not JSON: none of them is ours.
  }
  throw new HttpProblem('bad-cursor')
}

const checksum = ({ filters }: ListIdentity) =>
  crc32(
    JSON.stringify(
      Object.entries(filters)
        .filter(([, value]) => value !== undefined)
        .sort(),
    ),
  )

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
/** Of a document: the aggregate's, and the version where there is one for each. */
const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.\d{10})?$/
