import type { Fate } from './publisher.ts'
import type { EventMessage } from './window.ts'

/** What is done about a message that was not delivered. */
export type Verdict = { readonly kind: 'outage'; readonly reason: string }

/**
 * The one place that decides between an outage (everybody waits, the window is sent again) and a message that can
 * never be delivered (its aggregate is parked, everybody else flows). A return or a nack is an outage until proven
 * otherwise: a queue deleted, a query side not yet there, a full queue. Parking does not exist yet, so every failure
 * is one; when it comes, it asks here whether others on the same routing key succeeded in the same window.
 * @param first the first message of the window that was not confirmed
 */
export function judge(first: EventMessage, fate: Exclude<Fate, 'confirmed'>): Verdict {
  switch (fate) {
    case 'returned':
      return { kind: 'outage', reason: `unroutable: no queue is bound for ${first.routingKey}` }
    case 'nacked':
      return { kind: 'outage', reason: `refused: a queue for ${first.routingKey} is full or has no quorum` }
    case 'unknown':
      return { kind: 'outage', reason: 'no confirm: the connection was lost or the broker did not answer' }
    case 'unencodable':
      return {
        kind: 'outage',
        reason: `event ${first.id} at seq ${first.seq} cannot be encoded for the broker`,
      }
    default:
      return fate satisfies never
  }
}
