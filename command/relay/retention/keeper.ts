import { SQL } from 'bun'
import { unlessAborted } from '../../../shared/process/abort.ts'
import { delay } from '../../../shared/process/backoff.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import { describeTrouble } from '../database-trouble.ts'
import { databaseOf } from '../pool.ts'
import type { RelayStatus } from '../status.ts'
import { dropOldSegments } from './drop.ts'

export interface RetentionKeeperOptions {
  /** As the owner of the schema; empty: this process drops nothing, and the verb does. */
  readonly url: string
  readonly retentionMs: number
  readonly status: RelayStatus
  readonly onDropped: (segments: number) => void
  readonly log: Logger
}

/** Drops old segments every now and then, while this relay leads; on a connection of its own, closed in between. */
export function retentionKeeper(options: RetentionKeeperOptions): Runnable {
  const { url, retentionMs, status, onDropped, log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | undefined

  /** More than one segment has rows. */
  const isWorthALook = ({ role, refusal, observation: seen }: RelayStatus) =>
    role === 'active' && !refusal && seen !== undefined && seen.segments - seen.segmentsAhead > 1

  async function keep(): Promise<void> {
    for (let nextAtMs = 0; !signal.aborted; await delay(lookIntervalMs, signal)) {
      if (performance.now() < nextAtMs || !isWorthALook(status)) continue
      nextAtMs = performance.now() + runIntervalMs
      // A statement under way is short, and one that is cut off is finished by the next run.
      await unlessAborted(run(), signal)
    }
  }

  async function run(): Promise<void> {
    const sql = new SQL(url, { max: 1, connectionTimeout: 5, database: databaseOf(url) })
    try {
      const { dropped, kept } = await dropOldSegments(sql, { retentionMs })
      if (dropped.length > 0) log.info('dropped segments', { dropped, kept })
      else log.debug('no segment to drop', { kept })
      onDropped(dropped.length)
    } catch (error) {
      log.warn('could not drop segments', { reason: describeTrouble(error), error })
    } finally {
      await sql.close({ timeout: 0 }).catch(() => {})
    }
  }

  return {
    name: 'retention',
    start() {
      if (url && retentionMs > 0) running ??= keep()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

const lookIntervalMs = 2_000
const runIntervalMs = 60_000
