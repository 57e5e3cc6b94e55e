import type { OutboxRecord } from '../../../shared/events/envelope.ts'
import type { ReplayRequest, ReplayScope } from '../../../shared/messaging/replay.ts'
import type { ReplaySource } from './source.ts'

/**
 * The relay's side of the replays: the requests with their progress, the rows of the state, and the log.
 *
 * Contract: every method is one transaction and may be called concurrently with the others. A rejection means that
 * the outcome is unknown; each may be repeated. `begin`, `advance` and `finish` are fenced by the token, and the first
 * two tell which of the replays are still open, since an operator may have cancelled some.
 * One that arrives late may set a replay back, which repeats messages and loses none.
 */
export interface ReplayStore {
  /**
   * Stores a request, as failed where it is refused, and forgets those that ended long ago, or long before others of
   * their group.
   * @returns false when the id was known already
   */
  add(request: ReplayRequest, refusal: string | undefined): Promise<boolean>
  /** Not finished, oldest first; at most a thousand. */
  open(): Promise<readonly OpenReplay[]>
  /**
   * Makes the replays readers of the log, and takes its head. They begin in the log after `from` where it reaches
   * back so far, else with the current state.
   * @returns undefined when the lease is somebody else's
   */
  begin(request: {
    token: number
    ids: readonly string[]
    from: number | undefined
  }): Promise<Begun | undefined>
  /** Rows of the state after `after` by id, with the log's head of the same moment. */
  readState(request: StateRequest): Promise<StateBatch>
  /** Rows of the log after `after`, none above `upTo`. */
  readLog(request: LogRequest): Promise<ReplayLogBatch>
  /** @returns the ids of those that are still open, undefined when the lease is somebody else's */
  advance(request: Advance): Promise<readonly string[] | undefined>
  /** @param error why it failed; undefined when it is done */
  finish(request: {
    token: number
    ids: readonly string[]
    sent: number
    error: string | undefined
  }): Promise<void>
}

export type OpenPhase = 'waiting' | 'snapshot' | 'log' | 'markers'

export interface OpenReplay {
  readonly id: string
  readonly group: string
  readonly aggregate: string
  readonly partitions: number
  readonly only: readonly number[] | null
  readonly scope: ReplayScope
  readonly phase: OpenPhase
  /** Last id of the state, or last `seq` of the log, that was confirmed. */
  readonly position: string | null
  readonly head: number | null
  readonly sent: number
  /** Where the log is read from, while the state is sent. */
  readonly logAfter: number | null
}

export interface Begun {
  readonly phase: 'snapshot' | 'log'
  readonly head: number
  readonly logAfter: number
  readonly ids: readonly string[]
}

interface Bounds {
  readonly limit: number
  /** Bytes after which a batch ends; one row always fits. */
  readonly bytesMax: number
}

export interface StateRequest extends Bounds {
  readonly source: ReplaySource
  /** Undefined at the beginning. */
  readonly after: string | undefined
  /** Only these; undefined for all. */
  readonly ids: readonly string[] | undefined
}

export interface StateBatch {
  readonly rows: readonly StateRow[]
  /** Where to go on; undefined when this was all. */
  readonly next: string | undefined
}

export interface StateRow {
  readonly id: string
  readonly version: number
  /** JSON, as an event carries it. */
  readonly payload: string
  /** Head of the log as this row was read: everything up to there is in the row. */
  readonly head: number
  /** ISO 8601, database's clock: when it was read. */
  readonly readAt: string
}

export interface LogRequest extends Bounds {
  readonly aggregate: string
  readonly after: number
  readonly upTo: number
  readonly ids: readonly string[] | undefined
}

export interface ReplayLogBatch {
  readonly rows: readonly OutboxRecord[]
  /** Everything up to here was looked at. */
  readonly through: number
  /** Lowest `seq` in the log: anything below was dropped. */
  readonly floor: number
}

export interface Advance {
  readonly token: number
  readonly ids: readonly string[]
  readonly phase: Exclude<OpenPhase, 'waiting'>
  readonly position: string | undefined
  readonly sent: number
}
