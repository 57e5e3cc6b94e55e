import { delay, retryUntil } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import { describeTrouble } from './database-trouble.ts'
import type { Delivery } from './delivery.ts'
import type { Doorbell } from './doorbell.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { LogStore } from './log-store.ts'
import { unlessAborted } from '../../shared/process/abort.ts'
import type { RelayStatus } from './status.ts'
import { eventMessage, type EventMessage } from './window.ts'

export interface PumpOptions {
  readonly store: LogStore
  readonly delivery: Delivery
  readonly heartbeats: Heartbeats
  readonly doorbell: Doorbell
  readonly status: RelayStatus
  readonly partitions: number
  /** Most events in a window. */
  readonly windowMax: number
  readonly windowBytesMax: number
  readonly pollIntervalMs: number
  readonly log: Logger
  readonly halt: AbortSignal
  readonly abort: AbortSignal
}

/**
 * The relay's beat while it leads, at its own pace: read a bounded batch, publish it as one window, wait for the
 * confirms, let the cursor follow, repeat. While a window is under way the next batch is read, where more is known to
 * be there. Polling is the truth, the doorbell only shortens the nap, and after a full batch there is none.
 * @param after the cursor as the lease was taken
 */
export async function pump(after: number, options: PumpOptions): Promise<void> {
  const { store, status, doorbell, heartbeats, delivery, halt, abort, log } = options
  let cursor = after
  let ahead: Promise<Window | undefined> | undefined
  while (!halt.aborted) {
    if (status.refusal) {
      ahead = undefined
      await delay(options.pollIntervalMs, halt)
      continue
    }
    const window = await (ahead ?? read(cursor))
    ahead = undefined
    if (!window) return
    const last = window.messages.at(-1)
    status.readSeq = last?.seq ?? cursor
    if (heartbeats.isDue) {
      const head = Math.max(status.readSeq, status.observation?.head ?? 0)
      await heartbeats.send({ head, cursor }, abort)
    }
    if (!last) {
      await doorbell.nap(options.pollIntervalMs, halt)
      continue
    }
    if (window.full) ahead = read(last.seq)
    if (!(await delivery.deliver(window.messages))) return
    cursor = last.seq
  }

  /** Tried until it succeeds; undefined when told to stop. Encodes too, while another window awaits its confirms. */
  async function read(from: number): Promise<Window | undefined> {
    const attempts = retryUntil(
      () => {
        doorbell.hush()
        return store.read({ after: from, limit: options.windowMax, bytesMax: options.windowBytesMax })
      },
      {
        baseMs: 100,
        maxMs: 2_000,
        signal: halt,
        onFailure: (error, nextMs) => {
          status.databaseTrouble = describeTrouble(error)
          log.warn('cannot read the log', { reason: status.databaseTrouble, error, next_ms: nextMs })
        },
      },
    )
    const batch = await unlessAborted(attempts, halt)
    if (!batch) return undefined
    status.databaseTrouble = undefined
    return { messages: batch.rows.map((row) => eventMessage(row, options.partitions)), full: batch.full }
  }
}

interface Window {
  readonly messages: readonly EventMessage[]
  readonly full: boolean
}
