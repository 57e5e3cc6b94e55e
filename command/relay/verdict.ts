import type { Fate } from './publisher.ts'
import type { EventMessage } from './window.ts'

/** What is done about an event that was not delivered. */
export type Verdict = { readonly kind: 'outage' | 'park'; readonly reason: string }

/**
 * The one place that decides between an outage (everybody waits, the window is sent again) and an event that can
 * never be delivered (its aggregate is parked, everybody else flows). A return or a nack is an outage until proven
 * otherwise: a queue deleted, a query side not yet there, a full queue. The proof is a trial, see `convict`. A lost
 * broker proves nothing about an event, however often it is lost.
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
        kind: 'park',
        reason: `event ${first.id} at seq ${first.seq} cannot be encoded for the broker`,
      }
    default:
      return fate satisfies never
  }
}

/** What is known about the event that holds up the window. */
export interface Suspicion {
  readonly id: string
  /** How often the broker returned or refused it. */
  readonly refusals: number
  /** Trials in a row in which it failed while the control right behind it, on the same routing key, was confirmed. */
  readonly convictions: number
}

/** A trial costs a duplicate of the control, so the first failures are taken for what they usually are. */
export const isOnTrial = ({ refusals }: Suspicion) => refusals >= 3

/**
 * One trial: the suspect and right behind it the control, an event of another aggregate on the same routing key. Only
 * the two side by side prove something: in a window of a thousand, a queue that was full for the suspect may have had
 * room for others a moment later.
 */
export function convict(suspicion: Suspicion, suspect: Fate, control: Fate): Suspicion {
  const isProof = (suspect === 'returned' || suspect === 'nacked') && control === 'confirmed'
  return { ...suspicion, convictions: isProof ? suspicion.convictions + 1 : 0 }
}

export const isGuilty = ({ convictions }: Suspicion) => convictions >= 3

export const guiltyReason = (event: EventMessage, fate: Fate) =>
  `event ${event.id} at seq ${event.seq} is ${fate} by the broker while others with its routing key are taken`
