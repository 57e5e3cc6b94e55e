import type { Poison } from './prepare.ts'

/** What one partition of one group is doing in this process: written by its consumer, read by health and metrics. */
export interface PartitionState {
  readonly group: string
  readonly partition: number
  readonly queue: string
  /** There is a consumer on the queue, active or standing by. */
  subscribed: boolean
  /** When the broker first delivered to it, on the monotonic clock: it is the active one. Undefined while standing by. */
  activeSinceMs: number | undefined
  /** Why there is no consumer: what failed last. No values, no hosts. */
  reason: string | undefined
  /** Events are applied in small groups or alone, since some process may have ended over one of them. */
  careful: boolean
  /** The message that stopped the partition, which has parked all that it may. */
  poison: Poison | undefined
  /** The last write failed, and is being tried again. */
  writeFailing: boolean
  /** Event time of the oldest event that was delivered and is not in the store, in ms since the epoch. */
  oldestUnappliedMs: number | undefined
  /** When work last moved (or arrived where there was none), on the monotonic clock; undefined when idle. */
  workSinceMs: number | undefined
  /** When the broker last delivered anything, on the monotonic clock. */
  deliveredAtMs: number
}

/** An operator's doing and no trouble of the partition's. */
export const pausedReason = 'paused'
/** Another replica has it, and this one is about to stand by. */
export const handedOverReason = 'handed over'

const atRest = {
  subscribed: false,
  activeSinceMs: undefined,
  careful: false,
  poison: undefined,
  writeFailing: false,
  oldestUnappliedMs: undefined,
  workSinceMs: undefined,
}

export function partitionState(of: { group: string; partition: number; queue: string }): PartitionState {
  return { ...of, ...atRest, reason: 'starting', deliveredAtMs: performance.now() }
}

/** Leaves alone what its first deliveries have set already. */
export function markSubscribed(state: PartitionState): void {
  Object.assign(state, { subscribed: true, reason: undefined, deliveredAtMs: performance.now() })
}

export function markEnded(state: PartitionState, reason: string): void {
  Object.assign(state, atRest, { reason })
}

/** There is a consumer, and nothing in its way: it may take the partition, and give it up. */
export function isWell(state: PartitionState): boolean {
  return state.subscribed && !state.careful && !state.writeFailing && state.poison === undefined
}

/** Seconds between now and the oldest event that waits for the store; 0 when none does. */
export function lagSeconds(state: PartitionState, nowMs = Date.now()): number {
  return state.oldestUnappliedMs === undefined ? 0 : Math.max(0, nowMs - state.oldestUnappliedMs) / 1000
}

/** Work is there, nothing moves, and no poisoned message explains it. */
export function isStalled(state: PartitionState, stallMs: number, nowMs = performance.now()): boolean {
  return state.workSinceMs !== undefined && state.poison === undefined && nowMs - state.workSinceMs > stallMs
}
