import { dropOldSegments } from '../../command/relay/retention/drop.ts'
import { planRetention, type Segment } from '../../command/relay/retention/plan.ts'
import type { Connections } from './connections.ts'

export interface Retention {
  /** 0: for ever. */
  readonly retentionHours: number
  /** What may be dropped, from the oldest on; it was, where `dropped` names it. */
  readonly droppable: readonly Segment[]
  readonly dropped: readonly string[]
  /** Why the rest stays. */
  readonly kept: string
}

const hourMs = 3_600_000

/** What may be dropped now. Changes nothing. */
export async function readRetention({ sql }: Connections, hours: number): Promise<Retention> {
  const { droppable, kept } = await planRetention(sql, { retentionMs: hours * hourMs })
  return { retentionHours: hours, droppable, dropped: [], kept }
}

/** Drops it, without keeping appends waiting; what a lock is not to be had for stays for the next run. */
export async function applyRetention(connections: Connections, hours: number): Promise<Retention> {
  const before = await readRetention(connections, hours)
  const { dropped, kept } = await dropOldSegments(connections.sql, { retentionMs: hours * hourMs })
  return { ...before, dropped, kept }
}
