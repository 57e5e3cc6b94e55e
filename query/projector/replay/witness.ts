import type { LastEvent } from '../../../shared/messaging/names.ts'

/**
 * Compares what came through a queue with what the relay's heartbeats say was sent, which shows a hole that no alarm
 * of the broker does: a queue purged, a binding gone for a moment. Pure, and of constant size. What it knows is handed
 * on from consumer to consumer, as its tally: one that has none, or lost count, cannot tell until two heartbeats came.
 */
export interface Witness {
  /** What comes from here on is acknowledged together. */
  begin(): void
  /** A live event came, or came again. */
  saw(seq: number): void
  /** Something came that could not be counted. */
  blur(): void
  /** @param sent the last event that the heartbeat names, the relay's term, and up to where everything is confirmed */
  judge(sent: { last: LastEvent | undefined; term: number | undefined; cursor: number }): Finding
  /** What another can go on from; the same object until something changes. */
  readonly tally: Tally
}

export interface Tally {
  /** Of the events that came; -1 before the first. */
  readonly highest: number
  /** New ones since `baseline`. */
  readonly received: number
  /** Those that came with the last batch: it comes again to the next where it was counted and not acknowledged. */
  readonly latest: readonly number[]
  /** Whether `received` is all of them. */
  readonly isExact: boolean
  /** The last heartbeat up to which everything is accounted for, one way or the other. */
  readonly baseline: { readonly term: number | null; readonly count: number; readonly seq: number } | null
}

/**
 * `amid`: the heartbeat names less than came, and tells nothing. `unsure`: this event did not come, as far as the tally
 * goes back.
 */
export type Finding =
  | { readonly kind: 'nothing-said' | 'amid' | 'arrived' }
  | { readonly kind: 'missing'; readonly after: number }
  | { readonly kind: 'unsure'; readonly last: LastEvent }

const nothing: Tally = { highest: -1, received: 0, latest: [], isExact: true, baseline: null }

/** @param tally what the consumer before noted last, with its last batch acknowledged or not */
export function createWitness(tally: Tally = nothing): Witness {
  const counted = new Set(tally.latest)
  let batch: number[] = []
  return {
    get tally() {
      return tally
    },
    begin() {
      batch = []
    },
    saw(seq) {
      if (seq > tally.highest) {
        batch.push(seq)
        tally = { ...tally, highest: seq, received: tally.received + 1, latest: batch }
      } else if (counted.has(seq)) batch.push(seq)
      // Sent again by a relay that had no confirm, or delivered again: it may have been counted already.
      else this.blur()
    },
    blur() {
      if (tally.isExact) tally = { ...tally, isExact: false }
    },
    judge({ last, term = null, cursor }) {
      const { highest, received, isExact, baseline } = tally
      // Its term has confirmed nothing yet, and counts from here.
      const { seq, count } = last ?? { seq: cursor, count: 0 }
      // A probe amid a window names the confirmed prefix, and what came beyond it belongs to the next heartbeat.
      if (highest > seq) return { kind: 'amid' }
      const base = baseline?.term === term ? baseline : undefined
      // An old one, delivered again.
      if (base && count < base.count) return { kind: 'amid' }
      if (received > 0 || !isExact || base?.count !== count)
        tally = { ...tally, received: 0, isExact: true, baseline: { term, count, seq } }
      // All that a later term counts came after the baseline, and with it what the earlier one had yet to send.
      const isLater = baseline !== null && (baseline.term ?? Infinity) < (term ?? -Infinity)
      const sent = base ? count - base.count : isLater ? count : undefined
      if (sent !== undefined && isExact && received < sent) return { kind: 'missing', after: baseline!.seq }
      if (!last) return { kind: 'nothing-said' }
      return (base && isExact) || highest === seq ? { kind: 'arrived' } : { kind: 'unsure', last }
    },
  }
}
