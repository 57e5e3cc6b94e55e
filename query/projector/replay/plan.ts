import type { QueueEntry, ReplayNeed, ReplayReason } from '../queue-records.ts'
import { queueOf, type PartitionOf } from '../topology.ts'

/** One replay for some partitions of one group. `entries` and `places` go together, in the order of the partitions. */
export interface Request {
  readonly id: string
  readonly scope: ReplayNeed['scope']
  readonly reason: ReplayReason
  readonly requestedAt: string
  readonly places: readonly PartitionOf[]
  readonly entries: readonly QueueEntry[]
}

export interface PlanOptions {
  readonly nowMs: number
  readonly patienceMs: number
  /** Queues through which the relay's heartbeats come. */
  readonly flowing: ReadonlySet<string>
  /** Ids of this replica's requests. */
  readonly mine: ReadonlySet<string>
}

/** What two replicas that look at the same moment need to see of one another. */
const courtesyMs = 5_000
/** A group's queues are declared together: waiting for the last of them makes one replay of several. */
const gatheringMs = 10_000

/**
 * What is to be asked for now: new requests, and those that were claimed and may not have reached the relay. Pure.
 * Queues of a group that lack the same kind of thing share one request.
 */
export function plan(
  places: readonly PartitionOf[],
  known: ReadonlyMap<string, QueueEntry>,
  options: PlanOptions,
): { ask: Request[]; repeat: Request[] } {
  const ask: Request[] = []
  const repeat: Request[] = []
  for (const group of Map.groupBy(places, ({ model }) => model.group).values()) {
    const queues = group.map((of) => ({ of, entry: known.get(queueOf(of)) }))
    const needing = queues.flatMap(({ of, entry }) =>
      entry?.replay ? [{ of, entry, need: entry.replay }] : [],
    )
    repeat.push(...unpublished(needing, options))
    const due = needing.filter((queue) => isDue(queue, options))
    const isGathering =
      queues.some(({ entry }) => !entry || entry.isUndeclared) &&
      due.some(({ need }) => ageMs(need.since, options) < gatheringMs)
    const isBeingAsked = needing.some(
      ({ need }) => !need.published_at && ageMs(need.requested_at, options) < courtesyMs,
    )
    if (isGathering || isBeingAsked) continue
    for (const alike of Map.groupBy(due, ({ need }) => need.scope.kind).values()) ask.push(newRequest(alike))
  }
  return { ask, repeat }
}

interface Needing {
  readonly of: PartitionOf
  readonly entry: QueueEntry
  readonly need: ReplayNeed
}

function isDue({ entry, need }: Needing, options: PlanOptions): boolean {
  if (entry.isUndeclared) return false
  if (need.requests.length === 0) return true
  if (!need.published_at || !options.flowing.has(entry.queue)) return false
  const quietMs = Math.min(ageMs(need.published_at, options), ageMs(need.progress_at, options))
  // Twice as long each time: it may be waiting behind others.
  return quietMs > options.patienceMs * 2 ** (need.requests.length - 1)
}

function newRequest(queues: readonly Needing[]): Request {
  const [first] = queues as [Needing]
  const seqs = queues.map(({ need: { scope } }) => (scope.kind === 'from' ? scope.seq : 0))
  return {
    id: crypto.randomUUID(),
    scope: first.need.scope.kind === 'from' ? { kind: 'from', seq: Math.min(...seqs) } : { kind: 'all' },
    reason: first.need.reason,
    requestedAt: new Date().toISOString(),
    places: queues.map(({ of }) => of),
    entries: queues.map(({ entry }) => entry),
  }
}

/** By whoever claimed them at first, and after a while by everybody: that replica may be gone. */
function unpublished(queues: readonly Needing[], options: PlanOptions): Request[] {
  const open = queues.filter(({ need }) => {
    const id = need.requests.at(-1)
    if (id === undefined || need.published_at) return false
    return options.mine.has(id) || ageMs(need.requested_at, options) > courtesyMs
  })
  return [...Map.groupBy(open, ({ need }) => need.requests.at(-1)!)].map(([id, alike]) => ({
    ...newRequest(alike),
    id,
    requestedAt: alike[0]!.need.requested_at ?? new Date().toISOString(),
  }))
}

const ageMs = (time: string | undefined, { nowMs }: PlanOptions) =>
  time === undefined ? Number.POSITIVE_INFINITY : nowMs - Date.parse(time)
