import type { MikroORM } from '@mikro-orm/postgresql'
import { backoffMs, delay } from '../../../shared/process/backoff.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import { counter, type Metrics } from '../../../shared/process/metrics.ts'
import { isConnectionError } from '../database-errors.ts'
import { keysSweepLockKey } from '../../outbox/log.ts'

export interface KeySweepOptions {
  readonly orm: MikroORM
  readonly metrics: Metrics
  readonly log: Logger
  /** Between two looks where nothing is left to delete. */
  readonly intervalMs?: number
  /** Most rows of one transaction, each with a lock: some milliseconds' work. */
  readonly rowsMax?: number
}

/**
 * Deletes kept answers once they have expired, beside the commands and not in their way: small transactions that need
 * not be durable, by one process at a time. Nothing depends on it but disk: who asks for an expired key finds it free.
 */
export function createKeySweep({ orm, metrics, log, ...options }: KeySweepOptions): Runnable {
  const { intervalMs = 10_000, rowsMax = 250 } = options
  const swept = counter(
    metrics,
    'command_idempotency_keys_swept_total',
    'Answers kept for repeats that were deleted after their expiry.',
  )
  const lifetime = new AbortController()
  let running: Promise<void> | undefined
  /** How far the last look got: without it each would step over the index entries of all that were ever deleted. */
  let from = '-infinity'

  return {
    name: 'key sweep',
    start() {
      running ??= run()
    },
    async stop() {
      lifetime.abort()
      await running
    },
  }

  async function run(): Promise<void> {
    for (let failures = 0; !lifetime.signal.aborted;) {
      let nextMs = intervalMs
      try {
        const rows = await sweepOnce()
        swept.inc(rows)
        // More is waiting; a short breath leaves the disk to the commands.
        if (rows === rowsMax) nextMs = 20
        failures = 0
      } catch (error) {
        nextMs = backoffMs(failures++, { baseMs: 500, maxMs: intervalMs }, Math.random())
        const write = isConnectionError(error) ? log.debug.bind(log) : log.warn.bind(log)
        write('expired answers could not be deleted', { error, next_ms: nextMs })
      }
      await delay(nextMs, lifetime.signal)
    }
  }

  /** @returns how many rows went */
  async function sweepOnce(): Promise<number> {
    return orm.em.transactional(async (em) => {
      await em.execute("SET LOCAL synchronous_commit = 'off'")
      const [row] = await em.execute<{ rows: string; last: string | null }[]>(sweepSql, [
        keysSweepLockKey,
        from,
        rowsMax,
      ])
      if (row?.last) from = row.last
      return Number(row?.rows ?? 0)
    })
  }
}

// Without the first lock another process sweeps, and there is nothing to do. Without a row's own, a command has its key
// and deletes the row itself. The minute is for rows that were locked, or not committed, at the last look.
const sweepSql = `
WITH old AS MATERIALIZED (
  SELECT id, expires_at FROM idempotency_keys
  WHERE (SELECT pg_try_advisory_xact_lock(?))
    AND expires_at >= ?::timestamptz - interval '1 minute' AND expires_at <= clock_timestamp()
  ORDER BY expires_at LIMIT ?),
free AS MATERIALIZED (SELECT * FROM old WHERE pg_try_advisory_xact_lock(uuid_hash_extended(id, 0))),
gone AS (DELETE FROM idempotency_keys k USING free WHERE k.id = free.id RETURNING free.expires_at)
SELECT count(*)::text AS rows, max(expires_at)::text AS last FROM gone`
