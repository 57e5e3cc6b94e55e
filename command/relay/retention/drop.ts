import type { ReservedSQL, SQL } from 'bun'
import { backoffMs, delay } from '../../../shared/process/backoff.ts'
import { sqlState } from '../../commit/database-errors.ts'
import { segmentsLockKey } from '../../outbox/log.ts'
import { identifier, literal } from '../../sql.ts'
import { planRetention } from './plan.ts'

export interface RetentionReport {
  /** Names of the segments that are gone. */
  readonly dropped: readonly string[]
  /** Why the rest is still there: it is needed, or in the way of nobody and tried again the next time. */
  readonly kept: string
}

/**
 * Drops the segments that `planRetention` names, and finishes what a run before this one left half done. Appends and
 * readers of other segments are never kept waiting: a segment is detached CONCURRENTLY, and every lock is given up
 * after `lockTimeoutMs` (a plain DROP stops all appends behind one open reader). Where a lock is not to be had after a
 * few tries, the rest is left for the next run; it may be killed at any time.
 *
 * While it decides and detaches it holds the lock under which readers of the log register, so that none can register
 * for events that are about to go.
 * @param sql with the owner's rights, and a direct connection: the lock is the session's
 */
export async function dropOldSegments(
  sql: SQL,
  { retentionMs, lockTimeoutMs = 500 }: { retentionMs: number; lockTimeoutMs?: number },
): Promise<RetentionReport> {
  const session = await sql.reserve()
  try {
    const [lock] = await session.unsafe(`SELECT pg_try_advisory_lock(${segmentsLockKey}) AS taken`)
    if (!lock.taken) return { dropped: [], kept: 'another process makes or drops segments' }
    await session.unsafe(`SET lock_timeout = ${Math.round(lockTimeoutMs)}`)
    return await run(session, retentionMs)
  } finally {
    await session
      .unsafe(`RESET lock_timeout; SELECT pg_advisory_unlock(${segmentsLockKey})`)
      .catch(() => session.close({ timeout: 0 }))
    session.release()
  }
}

async function run(session: ReservedSQL, retentionMs: number): Promise<RetentionReport> {
  const dropped: string[] = []
  try {
    for (const { name, state, isOurs } of await session.unsafe<HalfDone[]>(halfDoneSql)) {
      if (!isOurs) return { dropped, kept: `somebody else began to detach ${name}: it has to be finished` }
      if (state === 'pending') await patiently(session, detach(name, 'FINALIZE'))
      await patiently(session, drop(name))
      dropped.push(name)
    }
    const plan = await planRetention(session, { retentionMs })
    for (const { name } of plan.droppable) {
      // Before the detaching, so that whoever finds the table alone knows that it is not an archive.
      await patiently(session, `COMMENT ON TABLE ${identifier(name)} IS ${literal(mark)}`)
      await patiently(session, detach(name, 'CONCURRENTLY'), detach(name, 'FINALIZE'))
      await patiently(session, drop(name))
      dropped.push(name)
    }
    return { dropped, kept: plan.kept }
  } catch (error) {
    if (sqlState(error) !== lockNotAvailable) throw error
    return { dropped, kept: 'a transaction that uses the log is in the way: the next run goes on' }
  }
}

/** Tries a few times to get the locks. @param retry what follows a first attempt that gave up half-way */
async function patiently(session: ReservedSQL, statement: string, retry = statement): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await session.unsafe(attempt === 0 ? statement : retry)
      return
    } catch (error) {
      // The first attempt may have given up before the detaching was pending, too.
      if (sqlState(error) === notPending && attempt > 0) retry = statement
      else if (sqlState(error) !== lockNotAvailable || attempt >= attemptsMax) throw error
      await delay(backoffMs(attempt, { baseMs: 100, maxMs: 1_000 }, Math.random()))
    }
  }
}

const attemptsMax = 3
const lockNotAvailable = '55P03'
/** object_not_in_prerequisite_state */
const notPending = '55000'
const mark = 'outbox: retired, to be dropped'

const detach = (name: string, how: 'CONCURRENTLY' | 'FINALIZE') =>
  `ALTER TABLE outbox DETACH PARTITION ${identifier(name)} ${how}`
const drop = (name: string) => `DROP TABLE ${identifier(name)}`

interface HalfDone {
  readonly name: string
  readonly state: 'pending' | 'detached'
  readonly isOurs: boolean
}

const halfDoneSql = `
SELECT c.relname::text AS name, CASE WHEN i.inhrelid IS NULL THEN 'detached' ELSE 'pending' END AS state,
       obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM ${literal(mark)} AS "isOurs"
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'outbox'::regclass)
  AND (i.inhparent = 'outbox'::regclass AND i.inhdetachpending
    OR i.inhrelid IS NULL AND obj_description(c.oid, 'pg_class') = ${literal(mark)})
ORDER BY c.relname`
