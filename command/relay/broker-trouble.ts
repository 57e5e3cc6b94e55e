import { TimeoutError } from '../../shared/process/backoff.ts'

/** A broker's or client's error in words for health: their own messages hold hosts, ports and names. */
export function reasonOf(error: unknown): string {
  if (error instanceof TimeoutError) return 'the broker does not answer'
  const message = error instanceof Error ? error.message : ''
  for (const [pattern, reason] of knownReasons) if (pattern.test(message)) return reason
  return 'the connection was lost'
}

const knownReasons: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|EAI_|Failed to connect/i, 'the broker is not reachable'],
  [/ACCESS_REFUSED|NOT_ALLOWED|\((?:403|530)\)/, 'the broker refuses access'],
  [/NOT_FOUND/, 'the exchange is missing'],
  [/PRECONDITION_FAILED/, 'the exchange exists with other properties, or a message was too large'],
  [/CONNECTION_FORCED/, 'the broker closed the connection'],
  [/timeout/i, 'the broker does not answer'],
]
