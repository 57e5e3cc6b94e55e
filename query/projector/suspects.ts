import type { Message } from './prepare.ts'

/** How a partition is consumed: in batches, or each event alone with its attempt noted before it. */
export type Mode = 'normal' | 'careful'

/**
 * The broker counts how often a message was given back by a consumer that died, was lost or closed its channel
 * (`x-delivery-count`), and it counts for everything that was prefetched: nearly all of them are innocent. One such end
 * may be a deployment, a broker's restart or a killed process, and gets a second chance at full speed. What was in
 * flight at two ends is looked at one by one.
 */
export const isSuspect = (message: Message): boolean => deliveryCount(message) >= carefulFrom

const carefulFrom = 2

function deliveryCount({ properties }: Message): number {
  const count = properties.headers?.['x-delivery-count']
  return typeof count === 'number' ? count : 0
}
