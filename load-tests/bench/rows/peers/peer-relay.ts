import type { Places } from '../../../../ops/faults/world/places.ts'
import type { Part } from '../../../../ops/load/parts.ts'

/** A relay of somebody else's, as the drain of a backlog wants it. */
export interface PeerRelay {
  readonly name: string
  readonly places: Places
  /** `TRUNCATE` and `INSERT … SELECT … generate_series(0, count - 1)`. */
  empty(): Promise<unknown>
  fill(count: number): Promise<unknown>
  /** It has to be there when the backlog is written: what it follows begins with it. */
  readonly startsFirst: boolean
  start(): Promise<Part>
  stop(): Promise<unknown>
}
