import { delay } from '../../shared/process/backoff.ts'
import type { LogCourse } from './course.ts'
import type { Delivery } from './delivery.ts'
import type { Doorbell } from './doorbell.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { Releaser } from './parking/release.ts'
import type { LogReader, Window } from './reader.ts'
import { mayPublish, type RelayStatus } from './status.ts'

export interface PumpOptions {
  readonly reader: LogReader
  readonly delivery: Delivery
  readonly course: LogCourse
  readonly releaser: Releaser
  readonly heartbeats: Heartbeats
  readonly doorbell: Doorbell
  readonly status: RelayStatus
  readonly pollIntervalMs: number
  readonly halt: AbortSignal
  readonly abort: AbortSignal
}

/**
 * The relay's beat while it leads, at its own pace: read a bounded batch, publish it as one window, wait for the
 * confirms, let the cursor follow, repeat; a window of parked events in between where a release was asked for. While a
 * window is under way the next batch is read, where more is known to be there. Polling is the truth, the doorbell only
 * shortens the nap, and after a full batch there is none.
 * @param after the cursor as the lease was taken
 */
export async function pump(after: number, options: PumpOptions): Promise<void> {
  const { reader, status, doorbell, heartbeats, delivery, course, releaser, halt, abort } = options
  let cursor = after
  let ahead: Promise<Window | undefined> | undefined
  while (!halt.aborted) {
    if (!mayPublish(status)) {
      ahead = undefined
      if (!status.refusal) await beat()
      await delay(options.pollIntervalMs, halt)
      continue
    }
    const window = await (ahead ?? reader.read(cursor))
    ahead = undefined
    if (!window) return
    const last = window.messages.at(-1)
    status.readSeq = last?.seq ?? cursor
    status.isBehind = window.full
    await beat()
    const released = await releaser.step()
    if (released === 'stopped') return
    if (!last) {
      if (released === 'idle') await doorbell.nap(options.pollIntervalMs, halt)
      continue
    }
    if (window.full) ahead = reader.read(last.seq)
    const delivered = await delivery.deliver(window.messages, course)
    switch (delivered) {
      case 'done':
        cursor = last.seq
        break
      case 'refused':
        cursor = status.confirmedSeq
        ahead = undefined
        break
      case 'stopped':
        return
      default:
        delivered satisfies never
    }
  }

  async function beat(): Promise<void> {
    if (!heartbeats.isDue) return
    const head = Math.max(status.readSeq, status.observation?.head ?? 0)
    await heartbeats.send({ head, cursor }, abort)
  }
}
