import type { Message } from './prepare.ts'

/**
 * The broker counts how often a message was given back by a consumer that died, was lost or closed its channel
 * (`x-delivery-count`), and it counts for everything that was prefetched: nearly all of them are innocent. One such end
 * may be a deployment, a broker's restart or a killed process, and gets a second chance at full speed. What was in
 * flight at two ends is a suspect, and applied carefully.
 */
export function isSuspect({ properties }: Message): boolean {
  const count = properties.headers?.['x-delivery-count']
  return typeof count === 'number' && count >= 2
}
