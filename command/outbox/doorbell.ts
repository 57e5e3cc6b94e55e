import { SQL } from 'bun'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { doorbellChannel } from './log.ts'

export interface Doorbell extends Runnable {
  /** Cheap, at any rate: rings that come while one is under way become one more. */
  ring(): void
}

/**
 * Wakes the relay after a commit. On a connection of its own and never inside the business transaction, where a
 * pending NOTIFY holds a cluster-wide lock through the commit. Lost rings cost a poll interval, nothing else.
 */
export function createDoorbell(options: { url: string; log: Logger }): Doorbell {
  let sql: SQL | undefined
  let ringing = false
  let again = false

  async function notify(): Promise<void> {
    ringing = true
    do {
      again = false
      try {
        await sql?.unsafe(`NOTIFY ${doorbellChannel}`)
      } catch (error) {
        options.log.debug('the doorbell did not ring', { error })
      }
    } while (again)
    ringing = false
  }

  return {
    name: 'doorbell',
    start() {
      sql = new SQL(options.url, {
        max: 1,
        connectionTimeout: 2,
        // A ring need not be durable.
        connection: { application_name: 'doorbell', synchronous_commit: 'off' },
      })
    },
    ring() {
      if (ringing) again = true
      else void notify()
    },
    async stop() {
      await sql?.close({ timeout: 1 }).catch(() => {})
      sql = undefined
    },
  }
}
