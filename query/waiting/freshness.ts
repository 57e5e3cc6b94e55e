import {
  consistencyTokenHeader,
  type ConsistencyTokens,
  type Written,
} from '../../shared/http/consistency-token.ts'
import { preferredWaitS } from '../../shared/http/prefer.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import type { Exchange } from '../read-headers.ts'
import type { UntilApplied } from './until-applied.ts'

export interface FreshnessOptions {
  readonly tokens: ConsistencyTokens
  /** Of a token that comes without `Prefer: wait`. */
  readonly waitDefaultS: number
  readonly waitMaxS: number
}

export interface Freshness {
  readonly untilApplied: UntilApplied
  /** The resource that is read is this aggregate's alone. */
  readonly onlyOf?: string | undefined
  /** By which the write is found; by default the aggregate's own. */
  readonly documentIdOf?: ((written: Written) => string) | undefined
}

/** Asked first: most have none, and need not wait for a promise. */
export const hasToken = ({ request }: Exchange): boolean => request.headers.has(consistencyTokenHeader)

/**
 * Where the request carries a token: waits until its write can be read.
 * @throws HttpProblem `bad-token`, `parked`, `not-yet-applied`, `unavailable`
 */
export async function whenFresh(
  { request, set }: Exchange,
  { tokens, waitDefaultS, waitMaxS }: FreshnessOptions,
  { untilApplied, onlyOf, documentIdOf }: Freshness,
): Promise<void> {
  const token = request.headers.get(consistencyTokenHeader)
  if (token === null) return
  const written = tokens.read(token)
  if (onlyOf !== undefined && written.id !== onlyOf)
    throw new HttpProblem('bad-token', { detail: 'this token is that of a write to another resource' })
  const preferredS = preferredWaitS(request.headers.get('prefer'))
  const waitS = Math.min(preferredS ?? waitDefaultS, waitMaxS)
  if (preferredS !== undefined) set.headers['preference-applied'] = `wait=${waitS}`
  const mark = {
    id: documentIdOf?.(written) ?? written.id,
    aggregateId: written.id,
    version: written.version,
  }
  await untilApplied(mark, { waitMs: waitS * 1_000, signal: request.signal })
}
