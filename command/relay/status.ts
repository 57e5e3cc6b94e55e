import type { Observation, Pause } from './log-store.ts'

/** What the relay is doing: written by its parts, read by health and metrics. Times are `performance.now()`. */
export interface RelayStatus {
  /** `waiting`: the database or its schema is not there, so it is not known who leads. */
  role: 'waiting' | 'standby' | 'active'
  /** Of the lease held or held last; 0 before the first. */
  token: number
  /** What is wrong with the database, in words for health. */
  databaseTrouble: string | undefined
  /** Why the relay must not go on although it could. */
  refusal: string | undefined
  /** Everything up to here is confirmed by the broker, as the active relay knows it. */
  confirmedSeq: number
  /** Highest `seq` read. */
  readSeq: number
  /** The last read found more than fits into a window. */
  isBehind: boolean
  outage: Outage | undefined
  /** Since when something waits for a confirm without progress; undefined when nothing waits. */
  waitingSinceMs: number | undefined
  heartbeat: HeartbeatStatus
  observation: Observation | undefined
  /** Those that are open, as long as this relay leads. */
  replays: readonly ReplayView[]
}

export interface ReplayView {
  readonly id: string
  readonly group: string
  readonly aggregate: string
  readonly scope: string
  readonly phase: string
  readonly sent: number
  /** How many requests are served together. */
  readonly requests: number
  /** What it waits for. */
  readonly reason: string | undefined
  readonly sinceMs: number | undefined
}

export interface HeartbeatStatus {
  readonly confirmedAtMs: number | undefined
  readonly trouble: string | undefined
  /** The last connection on which every partition took a heartbeat, or an event got through; 0 for none. */
  readonly provenOn: number
}

export const unknownHeartbeat: HeartbeatStatus = {
  confirmedAtMs: undefined,
  trouble: undefined,
  provenOn: 0,
}

export interface Outage {
  readonly reason: string
  readonly sinceMs: number
  readonly attempts: number
}

export function initialStatus(): RelayStatus {
  return {
    role: 'waiting',
    token: 0,
    databaseTrouble: undefined,
    refusal: undefined,
    confirmedSeq: 0,
    readSeq: 0,
    isBehind: false,
    outage: undefined,
    waitingSinceMs: undefined,
    heartbeat: unknownHeartbeat,
    observation: undefined,
    replays: [],
  }
}

/** Not while the guard refuses or an operator paused. */
export const mayPublish = (status: RelayStatus) => !status.refusal && !pauseOf(status)

export const pauseOf = ({ observation }: RelayStatus): Pause | undefined => observation?.paused ?? undefined

export function parkedFigures({ observation }: RelayStatus) {
  const parked = observation?.parked ?? []
  return { aggregates: parked.length, events: parked.reduce((sum, { events }) => sum + events, 0) }
}

/** Head minus cursor, without counting rows: an upper bound, since rolled back appends leave gaps. */
export function backlogEvents({ role, confirmedSeq, readSeq, observation }: RelayStatus): number {
  const cursor = role === 'active' ? confirmedSeq : (observation?.cursor ?? 0)
  const head = Math.max(observation?.head ?? 0, role === 'active' ? readSeq : 0)
  return Math.max(0, head - cursor)
}

/** As of the last observation; 0 when nothing is unpublished. */
export function oldestUnpublishedMs(status: RelayStatus): number {
  return backlogEvents(status) > 0 ? (status.observation?.oldestAgeMs ?? 0) : 0
}
