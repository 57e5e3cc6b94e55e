import type { Observation } from './log-store.ts'

/**
 * Why the relay must not go on, or undefined. A sequence behind the log or behind the cursor hands out numbers that
 * were used already, and rows below the cursor are never read: they would be lost in silence. A changed cluster or
 * timeline means a restore or a failover, after which versions may be used twice.
 */
export function refusal(seen: Observation): string | undefined {
  if (seen.sequence < seen.head)
    return `the sequence of outbox stands at ${seen.sequence}, behind its highest seq ${seen.head}: set it forward`
  if (seen.sequence < seen.cursor)
    return `the sequence of outbox stands at ${seen.sequence}, behind the cursor ${seen.cursor}: set it forward, rows were lost`
  if (seen.cursor + 1 < seen.floorSeq)
    return (
      `the log begins at seq ${seen.floorSeq}, beyond the cursor ${seen.cursor}: events were dropped unpublished; ` +
      `set the cursor forward and have everything replayed, see ${runbook}`
    )
  if (seen.cursorCluster !== undefined && seen.cursorCluster !== seen.cluster)
    return (
      `the database cluster changed from ${seen.cursorCluster} to ${seen.cluster} (restore or failover): ` +
      `were commits lost? see ${runbook}`
    )
  return undefined
}

const runbook = 'docs/operating.md, "The relay refuses"'
