import type { Context } from 'elysia'
import { matchesNone } from '../shared/http/entity-tags.ts'
import type { RouteOptions } from './projector/read-model.ts'
import type { Stored } from './reads.ts'

export type Exchange = Pick<Context, 'request' | 'set'>

/** Of every answer that is read from a store, 304 among them. */
export function setReadHeaders({ set }: Exchange, { cacheControl, lagMs }: RouteOptions): void {
  const { headers } = set
  headers['cache-control'] = cacheControl
  headers['vary'] = vary
  const lag = lagMs()
  if (lag !== undefined) headers['projection-lag-ms'] = String(lag)
}

/** A cache that kept an answer without these would serve it to a reader who asked for something else. */
const vary = 'Accept, Accept-Encoding, Authorization, Consistency-Token, Origin'

/** @returns true where the client has it already, and is told so: the answer is then to be empty */
export function isKnown({ request, set }: Exchange, etag: string): boolean {
  set.headers['etag'] = etag
  const known = request.headers.get('if-none-match')
  if (known === null || !matchesNone(known, etag)) return false
  set.status = 304
  return true
}

/**
 * What a page shows follows from its URL and from these ids and versions. Weak, since the same page may come
 * compressed or not.
 */
export function pageTag<Document>(
  found: readonly Stored<Document>[],
  revisionOf: (stored: Stored<Document>) => string | number = ({ version }) => version,
): string {
  // Two lanes of 32 bits (MurmurHash's mixing, as in cyrb53): quick, and nobody gains by a collision.
  let [a, b] = [0xdeadbeef ^ found.length, 0x41c6ce57]
  for (const stored of found) {
    const text = `${stored._id} ${revisionOf(stored)}`
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      a = Math.imul(a ^ code, 2_654_435_761)
      b = Math.imul(b ^ code, 1_597_334_677)
    }
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return `W/"${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}"`
}
