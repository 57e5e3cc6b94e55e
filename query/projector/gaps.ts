/** Notices versions that did not come. */
export interface GapWatch {
  /**
   * @param isReplayed it came out of its order, and tells of no gap
   * @returns versions of the event's aggregate between the last one seen and this one
   */
  see(event: { readonly aggregateId: string; readonly version: number }, isReplayed: boolean): number
}

/**
 * Counts within what one consumer saw, of the thousands of aggregates that it saw last: the first event of an aggregate tells nothing, a
 * missing version may still come (after a nack, or from a replay), and one that was parked undecodable is missing here. A
 * gap hurts no document, since each event carries the whole state; many are a sign that events are lost.
 */
export function createGapWatch({
  aggregatesMax = 4_096,
  quietMs = 10_000,
  nowMs = () => performance.now(),
} = {}): GapWatch {
  /** Two generations, since deleting the oldest of a map one by one costs more than all the rest. */
  let young = new Map<string, number>()
  let old = new Map<string, number>()
  let seenAtMs = nowMs()
  return {
    see({ aggregateId, version }, isReplayed) {
      const atMs = nowMs()
      // After so long another consumer may have had the queue, as the broker's nodes can lose one another without our hearing of it.
      if (atMs - seenAtMs > quietMs) [young, old] = [new Map(), new Map()]
      seenAtMs = atMs
      const last = young.get(aggregateId) ?? old.get(aggregateId)
      if (young.size >= aggregatesMax) [young, old] = [new Map(), young]
      young.set(aggregateId, Math.max(version, last ?? 0))
      return last === undefined || isReplayed ? 0 : Math.max(0, version - last - 1)
    },
  }
}
