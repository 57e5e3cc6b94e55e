import { retryUntil } from '../../shared/process/backoff.ts'
import type { Probe } from '../../shared/process/health.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { CommandFailure } from '../commit/command.ts'
import { migrate, missingMigrations, type MigrateOptions } from './run.ts'

export interface SchemaGuard extends Runnable {
  readonly probe: Probe
  /** Runs `use` once the schema is there. @throws CommandFailure `database-away` while it is not */
  whenReady<T>(use: () => Promise<T>): Promise<T>
}

/**
 * Migrates where the process has the owner's URL, else waits for somebody to do so. In the background: the service
 * answers health meanwhile, and commands get a 503 that says why.
 */
export function schemaGuard(options: {
  /** `owner` is empty where this process may not migrate. */
  urls: MigrateOptions['urls']
  query: (sql: string) => Promise<readonly { name: string }[]>
  log: Logger
}): SchemaGuard {
  const stop = new AbortController()
  let state: 'unknown' | 'ready' | string = 'unknown'

  async function check(): Promise<void> {
    if (options.urls.owner) await migrate({ urls: options.urls, log: options.log, signal: stop.signal })
    const missing = await missingMigrations(options.query)
    if (missing.length === 0) return
    state = `the schema lacks ${missing.length} migrations: run the migrate verb`
    throw new Error(state)
  }

  return {
    name: 'schema',
    start() {
      void retryUntil(check, {
        baseMs: 100,
        maxMs: 2_000,
        signal: stop.signal,
        onFailure: (error, nextMs) => options.log.warn('waiting for the schema', { error, next_ms: nextMs }),
      }).then(() => {
        if (!stop.signal.aborted) state = 'ready'
      })
    },
    async stop() {
      stop.abort()
    },
    probe: () =>
      state === 'ready'
        ? { name: 'schema', state: 'ok' }
        : { name: 'schema', state: 'failed', reason: state === 'unknown' ? 'not checked yet' : state },
    whenReady(use) {
      if (state === 'ready') return use()
      return Promise.reject(new CommandFailure('database-away', 'the schema is not there yet'))
    },
  }
}
