import { unlessAborted } from '../../shared/process/abort.ts'
import { retryUntil, withTimeout } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import { LogCourse } from './course.ts'
import { CursorMover } from './cursor.ts'
import { describeTrouble } from './database-trouble.ts'
import { Delivery } from './delivery.ts'
import type { Doorbell } from './doorbell.ts'
import { Heartbeats } from './heartbeats.ts'
import type { Lease } from './lease.ts'
import type { Observer } from './observer.ts'
import { controlFinder } from './parking/control.ts'
import { ParkedAggregates } from './parking/parked.ts'
import { Releaser } from './parking/release.ts'
import { pump } from './pump.ts'
import { LogReader } from './reader.ts'
import type { RelayOptions } from './relay.ts'
import { unknownHeartbeat } from './status.ts'

export interface TermOptions extends RelayOptions {
  readonly observer: Observer
  readonly doorbell: Doorbell
  /** No new window from now on; the one under way may end. */
  readonly stopping: AbortSignal
  /** The window under way took too long. */
  readonly aborting: AbortSignal
}

/**
 * One term: publishes from the cursor on until the lease is lost or the relay stops. A lost lease ends everything at
 * once; a stop lets the window under way end, the cursor follow it, and hands the lease on.
 */
export async function lead(lease: Lease, after: number, options: TermOptions): Promise<void> {
  const { status, observer, stopping, aborting, log } = options
  const halt = AbortSignal.any([stopping, lease.lost])
  const abort = AbortSignal.any([aborting, lease.lost])
  Object.assign(status, { role: 'active', token: lease.token, confirmedSeq: after, readSeq: after })
  log.info('leading', { token: lease.token, cursor: after })

  const cursor = new CursorMover(lease, log)
  const over = new AbortController()
  let beside: Promise<void> | undefined
  try {
    // Not one message before the guard has looked at this database.
    await unlessAborted(lookOnce(observer, halt, log), halt)
    beside = options.beside.run(lease, AbortSignal.any([halt, over.signal]))
    await publish()
  } finally {
    over.abort()
    await beside
    await cursor.settled()
    if (lease.lost.aborted) log.warn('lost the lease', { reason: lease.lost.reason })
    else await handOver(lease, log)
    Object.assign(status, { role: 'waiting', outage: undefined, waitingSinceMs: undefined })
    status.heartbeat = unknownHeartbeat
  }

  async function publish(): Promise<void> {
    const common = { ...options, lease, cursor, halt, abort }
    const reader = new LogReader(common)
    const loaded = await reader.persist(() => options.parking.aggregates())
    if (!loaded) return
    const parked = new ParkedAggregates(loaded, options.parkedMax)
    const { token: term } = lease
    const heartbeats = new Heartbeats({ ...common, term, intervalMs: options.heartbeatIntervalMs })
    const findControl = controlFinder({ ...common, reader, parked })
    const delivery = new Delivery({ ...common, heartbeats, findControl })
    const releaser = new Releaser({ ...common, parked, reader, delivery })
    const course = new LogCourse({ ...common, parked })
    await pump(after, { ...common, reader, delivery, course, releaser, heartbeats })
  }
}

const lookOnce = (observer: Observer, signal: AbortSignal, log: Logger) =>
  retryUntil(() => observer.look(), {
    baseMs: 100,
    maxMs: 2_000,
    signal,
    onFailure: (error) => log.warn('cannot look at the log', { reason: describeTrouble(error), error }),
  })

async function handOver(lease: Lease, log: Logger): Promise<void> {
  try {
    await withTimeout(lease.release(), 2_000, 'giving the lease back')
    log.info('gave the lease back')
  } catch (error) {
    log.warn('could not give the lease back: it expires by itself', { error })
  }
}
