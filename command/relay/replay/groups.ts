import type { OpenReplay } from './store.ts'

/** Replays that go the same way and are sent once for all of them. */
export interface ReplayGroup {
  readonly members: readonly OpenReplay[]
  /** Partitions that at least one of them wants; undefined for all. */
  readonly only: ReadonlySet<number> | undefined
  /** Ids of aggregates, where all of them ask for some. */
  readonly ids: readonly string[] | undefined
  /** The lowest position from which one of them wants the log. */
  readonly from: number | undefined
}

/**
 * Puts together what can be sent together, in the order of the oldest: a group that comes back to eight lost queues
 * asks eight times. Replays that have begun belong together where they stand at the same place, since those that
 * began together move together. Pure.
 */
export function groupReplays(open: readonly OpenReplay[], idsMax = 1_000): ReplayGroup[] {
  const groups = new Map<string, OpenReplay[][]>()
  const ordered: OpenReplay[][] = []
  for (const replay of open) {
    const key = keyOf(replay)
    let candidates = groups.get(key)
    if (!candidates) groups.set(key, (candidates = []))
    const last = candidates.at(-1)
    if (last && (replay.scope.kind !== 'aggregate' || last.length < idsMax)) last.push(replay)
    else {
      const members = [replay]
      candidates.push(members)
      ordered.push(members)
    }
  }
  return ordered.map(groupOf)
}

function keyOf({ group, aggregate, partitions, scope, phase, position, head, logAfter }: OpenReplay): string {
  const place = phase === 'waiting' ? [] : [position, head, logAfter]
  return JSON.stringify([group, aggregate, partitions, scope.kind, phase, ...place])
}

function groupOf(members: readonly OpenReplay[]): ReplayGroup {
  const ids: string[] = []
  const positions: number[] = []
  for (const { scope } of members) {
    if (scope.kind === 'aggregate') ids.push(scope.id.toLowerCase())
    if (scope.kind === 'from') positions.push(scope.seq)
  }
  const all = members.some(({ only }) => only === null)
  return {
    members,
    only: all ? undefined : new Set(members.flatMap(({ only }) => only ?? [])),
    ids: ids.length > 0 ? [...new Set(ids)] : undefined,
    from: positions.length > 0 ? Math.min(...positions) : undefined,
  }
}
