import { SQL } from 'bun'
import { retryUntil } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { databaseOf } from './pool.ts'

export interface ListenerOptions {
  /** A direct URL: LISTEN does not pass through a transaction pooler. */
  readonly url: string
  /** Channel → what its notifications (and every new subscription, since some may have been missed) ring. */
  readonly channels: Readonly<Record<string, () => void>>
  readonly log: Logger
}

/** LISTEN on a connection of its own, made again by itself when lost. A hint and no more: who is rung polls too. */
export function listener({ url, channels, log }: ListenerOptions): Runnable {
  const stopping = new AbortController()
  let sql: SQL | undefined
  let subscribed: Promise<void> | undefined

  // The driver restores a subscription that was made once; until then the attempts are ours.
  async function subscribe(): Promise<void> {
    const connection = (sql = new SQL(url, { max: 1, connectionTimeout: 5, database: databaseOf(url) }))
    for (const [channel, ring] of Object.entries(channels))
      await retryUntil(() => connection.listen(channel, ring, ring), {
        baseMs: 200,
        maxMs: 5_000,
        signal: stopping.signal,
        onFailure: (error) => log.debug('cannot listen yet: polling', { channel, error }),
      })
  }

  return {
    name: 'listener',
    start() {
      subscribed ??= subscribe()
    },
    async stop() {
      stopping.abort()
      await sql?.close({ timeout: 0 }).catch(() => {})
      await subscribed
    },
  }
}
