import { duration, plural } from '../../load/figures.ts'
import type { QueueState } from '../look/queues.ts'
import type { ReadSide, SeenHeartbeat } from '../look/read-side.ts'
import type { SystemStatus } from './status.ts'
import type { WriteSide } from '../look/write-side.ts'

/** As the processes' own alarms have it by default. */
const overdueMs = 30_000
/** What failed before is history. */
const recentMs = 3_600_000

/** What somebody has to look at, one sentence each. Pure. */
export function troublesOf(status: Omit<SystemStatus, 'troubles'>): string[] {
  const { writeSide, broker, readSide } = status
  return [
    ...[writeSide, broker, readSide].flatMap((part) => (part.state === 'ok' ? [] : [part.reason])),
    ...(writeSide.state === 'ok' ? ofWriteSide(writeSide) : []),
    ...(readSide.state === 'ok' ? ofReadSide(readSide) : []),
    ...(broker.state === 'ok' ? ofQueues(broker.queues, readSide) : []),
  ]
}

function ofWriteSide({ relay, backlog, log, parked, replays }: WriteSide): string[] {
  const { paused } = relay
  return [
    relay.refusal,
    relay.leader === undefined && 'no relay leads: none is running, or none reaches PostgreSQL',
    paused && `the relay is paused by ${paused.by} since ${paused.at}: ${paused.reason}`,
    backlog.oldestMs > overdueMs &&
      `the oldest of ${plural(backlog.events, 'unpublished event')} has waited for ${duration(backlog.oldestMs)}`,
    parked.aggregates > 0 &&
      `the relay has parked ${plural(parked.aggregates, 'aggregate')} with ${plural(parked.events, 'event')}`,
    log.segmentsAhead < 2 && `only ${plural(log.segmentsAhead, 'segment')} of the log left`,
    ...replays
      .filter(
        ({ phase, finishedAt = '' }) => phase === 'failed' && Date.now() - Date.parse(finishedAt) < recentMs,
      )
      .filter(({ error }) => !error?.startsWith('cancelled by'))
      .map(({ id, error }) => `replay ${id} failed: ${error ?? 'for no reason given'}`),
  ].filter((trouble) => typeof trouble === 'string')
}

function ofReadSide({ paused, parkedEvents, incomplete }: ReadSide): string[] {
  return [
    paused && `the projector is paused by ${paused.by} since ${paused.at}: ${paused.reason}`,
    parkedEvents > 0 && `the projector has parked ${plural(parkedEvents, 'event')}`,
    ...grouped(
      incomplete,
      ({ why }) => `waits for a replay, since ${why}`,
      ({ queue }) => queue,
    ),
  ].filter((trouble) => typeof trouble === 'string')
}

/** What several queues have in common is one trouble. */
function ofQueues(queues: readonly QueueState[], readSide: SystemStatus['readSide']): string[] {
  return grouped(
    queues,
    (state) => troubleOf(state, readSide.state === 'ok' ? readSide.heartbeats[state.queue] : 'unknown'),
    ({ queue }) => queue,
  )
}

function grouped<T>(
  items: readonly T[],
  troubleIn: (item: T) => string | undefined,
  nameOf: (item: T) => string,
) {
  const names = new Map<string, string[]>()
  for (const item of items) {
    const trouble = troubleIn(item)
    if (trouble) names.set(trouble, [...(names.get(trouble) ?? []), nameOf(item)])
  }
  return [...names].map(([trouble, named]) => `${trouble}: ${named.join(', ')}`)
}

function troubleOf(
  { depth }: QueueState,
  heartbeat: SeenHeartbeat | 'unknown' | undefined,
): string | undefined {
  if (depth === undefined) return 'no such queue, no projector has declared it'
  if (depth.consumers === 0) return 'no consumer'
  if (heartbeat === 'unknown') return undefined
  if (heartbeat === undefined) return 'no heartbeat yet'
  if (heartbeat.ageSeconds * 1_000 > overdueMs) return `no heartbeat for more than ${duration(overdueMs)}`
  return undefined
}
