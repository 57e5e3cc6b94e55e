import type { HeartbeatEntry } from '../heartbeat-records.ts'

/** The time after a switch of generations until the new one is sure to show whatever the old one showed. */
export interface CatchUp {
  /** @param heartbeats as noted in the store; to be asked again and again */
  isOver(heartbeats: readonly HeartbeatEntry[]): boolean
}

/**
 * Two generations get the same messages in the same order, each at its own pace. What the old one showed at the
 * switch is before the heartbeat after next in every queue: one may have been written with it and not yet been noted.
 * So it is over when the new one has noted two later ones on each partition. Pure.
 */
export function createCatchUp({
  from,
  to,
  partitions,
}: {
  from: string
  to: string
  partitions: number
}): CatchUp {
  /** By partition, the newest heartbeat that counts so far, and how many there were since the switch. */
  let marks: Map<number, { order: string; later: number }> | undefined

  return {
    isOver(heartbeats) {
      const of = (group: string) => heartbeats.filter((entry) => entry.group === group)
      if (!marks) {
        marks = new Map(of(from).map(({ partition, order }) => [partition, { order, later: 0 }]))
        return false
      }
      for (const { partition, order } of of(to)) {
        const mark = marks.get(partition) ?? { order: '', later: 0 }
        if (order > mark.order) marks.set(partition, { order, later: mark.later + 1 })
      }
      return Array.from({ length: partitions }, (_, partition) => marks?.get(partition)?.later ?? 0).every(
        (later) => later >= 2,
      )
    },
  }
}
