import type { Principal } from '../context.ts'

/** Who sent which token, for a while: checking a signature costs more than answering most requests. */
export interface TokenCache {
  get(token: string): Principal | undefined
  /** @param untilMs when it must be checked anew */
  set(token: string, principal: Principal, untilMs: number): void
}

/** Holds `tokensMax` at most and drops the one unused for longest. @param now in milliseconds */
export function createTokenCache(tokensMax: number, now: () => number): TokenCache {
  const known = new Map<string, { principal: Principal; untilMs: number }>()
  return {
    get(token) {
      const found = known.get(token)
      if (!found) return undefined
      // Moved to the end: a Map keeps the order of insertion, and its first is the least recently used.
      known.delete(token)
      if (found.untilMs <= now()) return undefined
      known.set(token, found)
      return found.principal
    },
    set(token, principal, untilMs) {
      known.delete(token)
      if (known.size >= tokensMax) known.delete(known.keys().next().value!)
      known.set(token, { principal, untilMs })
    },
  }
}
