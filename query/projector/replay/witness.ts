import type { LastEvent } from '../../../shared/messaging/names.ts'

/**
 * Compares what came through a subscription with what the relay's heartbeats say was sent, which shows a hole that
 * no alarm of the broker does: a queue purged, a binding gone for a moment. Pure, and of constant size.
 */
export interface Witness {
  /** A live event came, or came again. */
  saw(seq: number): void
  /** Something came that could not be counted. */
  blur(): void
  /** @param sent the last event that the heartbeat names, and the relay's term */
  judge(sent: { last: LastEvent | undefined; term: number | undefined }): Finding
}

/** `unsure`: this event did not come through here. An earlier consumer may have had it. */
export type Finding =
  | { readonly kind: 'nothing-said' | 'arrived' }
  | { readonly kind: 'missing'; readonly after: number }
  | { readonly kind: 'unsure'; readonly last: LastEvent }

export function createWitness(): Witness {
  let highest = -1
  /** The last heartbeat up to which everything is accounted for, one way or the other. */
  let baseline: { term: number | undefined; count: number; seq: number } | undefined
  let received = 0
  let isExact = true

  return {
    saw(seq) {
      if (seq > highest) {
        highest = seq
        received++
        // Sent again, by a relay that had no confirm: it may have been counted already.
      } else isExact = false
    },
    blur() {
      isExact = false
    },
    judge({ last, term }) {
      if (!last) return { kind: 'nothing-said' }
      // A probe amid a window names the confirmed prefix, and what came beyond it belongs to the next heartbeat.
      const isBehind = highest > last.seq
      let finding: Finding = highest >= last.seq ? { kind: 'arrived' } : { kind: 'unsure', last }
      if (baseline && baseline.term === term && isExact && !isBehind)
        finding =
          received < last.count - baseline.count
            ? { kind: 'missing', after: baseline.seq }
            : { kind: 'arrived' }
      if (!isBehind) {
        baseline = { term, count: last.count, seq: last.seq }
        received = 0
        isExact = true
      }
      return finding
    },
  }
}
