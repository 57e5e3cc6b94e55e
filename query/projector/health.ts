import type { Check, Probe } from '../../shared/process/health.ts'
import {
  handedOverReason,
  isStalled,
  lagSeconds,
  pausedReason,
  type PartitionState,
} from './partition-state.ts'
import type { PipelineView } from './pipeline-view.ts'

/** Does the projector move when there is work? @param severity `degraded` where the process also answers reads */
export function progressProbe(
  states: readonly PartitionState[],
  stallMs: number,
  severity: 'degraded' | 'failed',
): Probe {
  return () => {
    const stalled = states.filter((state) => isStalled(state, stallMs))
    if (stalled.length === 0) return ok('progress')
    return {
      name: 'progress',
      state: severity,
      reason: `there is work, and nothing moved for ${stallMs} ms`,
      partitions: stalled.map(place),
    }
  }
}

/** The alarms of a projector's own partitions. */
export function partitionProbes(states: readonly PartitionState[], overdueMs: number): Probe[] {
  return [
    () => {
      if (states.length === 0)
        return { name: 'consumers', state: 'failed', reason: 'the store has not said yet what is to be fed' }
      const without = states.filter(
        ({ subscribed, reason }) => !subscribed && reason !== pausedReason && reason !== handedOverReason,
      )
      if (without.length === 0) return { ...ok('consumers'), partitions: states.length }
      return failed('consumers', 'partitions without a consumer: trying again', without, ({ reason }) => ({
        reason,
      }))
    },
    () => {
      const stopped = states.filter((state) => state.poison !== undefined)
      if (stopped.length === 0) return ok('events')
      return failed(
        'events',
        'a message cannot be applied and stops its partition, which has parked all that it may',
        stopped,
        ({ poison }) => ({
          code: poison?.code,
          type: poison?.eventType,
          id: poison?.eventId,
          detail: poison?.detail,
        }),
      )
    },
    () => {
      const failing = states.filter((state) => state.writeFailing)
      if (failing.length === 0) return ok('writes')
      return failed('writes', 'the store refuses writes: trying again', failing, () => ({}))
    },
    () => {
      const late = states.filter((state) => lagSeconds(state) * 1000 > overdueMs)
      const worst = { seconds: Math.max(0, ...states.map((state) => lagSeconds(state))) }
      if (late.length === 0) return { ...ok('lag'), ...worst }
      const check = failed('lag', `events wait for more than ${overdueMs} ms`, late, (state) => ({
        seconds: lagSeconds(state),
      }))
      return { ...check, ...worst }
    },
  ]
}

/**
 * The alarms that every replica can raise, from what all of them noted in the store. A heartbeat comes through the
 * whole pipeline, so an old one tells of a silent stall or a lost binding, wherever it is.
 * @param fedQueues names of all queues that must show a heartbeat
 */
export function pipelineProbes(
  view: PipelineView,
  fedQueues: () => readonly string[],
  overdueMs: number,
): Probe[] {
  const startedAtMs = performance.now()
  /** Since when this process knows of a queue: as old is a heartbeat that never came. */
  const fedSinceMs = new Map<string, number>()
  return [
    () => {
      const queues = fedQueues()
      const nowMs = performance.now()
      const known = new Map(view.heartbeats().map((entry) => [entry.queue, entry.ageSeconds]))
      const sinceMs = fedSinceMs.size === 0 ? startedAtMs : nowMs
      for (const queue of queues.filter((name) => !fedSinceMs.has(name))) fedSinceMs.set(queue, sinceMs)
      const age = (queue: string) => known.get(queue) ?? (nowMs - fedSinceMs.get(queue)!) / 1000
      const seconds = Math.max(0, ...queues.map(age))
      const overdue = queues.filter((queue) => age(queue) * 1000 > overdueMs)
      const missing = queues.filter((queue) => !known.has(queue))
      if (overdue.length > 0) {
        const reason = `no heartbeat of the relay came through for more than ${overdueMs} ms`
        return { name: 'heartbeats', state: 'failed', reason, queues: overdue, seconds }
      }
      if (missing.length > 0) {
        const reason = 'waiting for the first ones'
        return { name: 'heartbeats', state: 'degraded', reason, queues: missing, seconds }
      }
      return { ...ok('heartbeats'), seconds }
    },
    () => {
      const fed = new Set(fedQueues())
      const open = view
        .queues()
        .flatMap(({ queue, replay }) => (replay && fed.has(queue) ? [{ queue, replay }] : []))
      if (open.length === 0) return ok('queues')
      const isFirst = open.every(({ replay }) => replay.reason === 'first')
      return {
        name: 'queues',
        state: isFirst ? 'degraded' : 'failed',
        reason: isFirst
          ? 'new queues are being filled by a replay'
          : 'events are missing in queues of a group: a replay brings them back',
        queues: open.map(({ queue, replay: { reason, since, published_at } }) => ({
          queue,
          reason,
          since,
          ...(published_at ? { requested_at: published_at } : undefined),
        })),
      }
    },
  ]
}

const ok = (name: string): Check => ({ name, state: 'ok' })
const place = ({ group, partition }: PartitionState) => ({ group, partition })

function failed(
  name: string,
  reason: string,
  states: readonly PartitionState[],
  detail: (state: PartitionState) => object,
): Check {
  return {
    name,
    state: 'failed',
    reason,
    partitions: states.map((state) => ({ ...place(state), ...detail(state) })),
  }
}
