import { unlessAborted } from '../../shared/process/abort.ts'
import { retryUntil } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import { describeTrouble } from './database-trouble.ts'
import type { Doorbell } from './doorbell.ts'
import type { LogBatch, LogStore } from './log-store.ts'
import type { RelayStatus } from './status.ts'
import { eventMessage, type EventMessage } from './window.ts'

export interface ReaderOptions {
  readonly store: LogStore
  readonly doorbell: Doorbell
  readonly status: RelayStatus
  readonly partitions: number
  /** Most events in a window. */
  readonly windowMax: number
  readonly windowBytesMax: number
  readonly log: Logger
  readonly halt: AbortSignal
}

export interface Window {
  readonly messages: readonly EventMessage[]
  /** A bound was reached: more is very likely there, so do not nap. */
  readonly full: boolean
}

/** Reads windows: each read is tried until it succeeds, and undefined when told to stop. Encodes too. */
export class LogReader {
  constructor(private readonly options: ReaderOptions) {}

  /** The window after `after` in the log. */
  read(after: number): Promise<Window | undefined> {
    const { store, doorbell, windowMax: limit, windowBytesMax: bytesMax } = this.options
    return this.window(() => {
      doorbell.hush()
      return store.read({ after, limit, bytesMax })
    })
  }

  /** @param read one attempt, within the bounds of a window */
  async window(read: () => Promise<LogBatch>): Promise<Window | undefined> {
    const batch = await this.persist(read)
    if (!batch) return undefined
    const messages = batch.rows.map((row) => eventMessage(row, this.options.partitions))
    return { messages, full: batch.full }
  }

  /** @returns undefined when told to stop; an attempt that hangs is not waited for then */
  async persist<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    const { status, log, halt } = this.options
    const attempts = retryUntil(attempt, {
      baseMs: 100,
      maxMs: 2_000,
      signal: halt,
      onFailure: (error, nextMs) => {
        status.databaseTrouble = describeTrouble(error)
        log.warn('cannot use the log', { reason: status.databaseTrouble, error, next_ms: nextMs })
      },
    })
    const value = await unlessAborted(attempts, halt)
    if (value !== undefined) status.databaseTrouble = undefined
    return value
  }
}
