import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { describeTrouble } from './database-trouble.ts'
import { Doorbell } from './doorbell.ts'
import { Lease } from './lease.ts'
import type { LogStore } from './log-store.ts'
import type { BesideLeading } from './replay/replays.ts'
import type { RelayMetrics } from './metrics.ts'
import { Observer } from './observer.ts'
import type { ParkingStore } from './parking/parking-store.ts'
import type { Publisher } from './publisher.ts'
import { unlessAborted } from '../../shared/process/abort.ts'
import type { RelayStatus } from './status.ts'
import { lead } from './term.ts'

export interface RelayOptions {
  readonly beside: BesideLeading
  readonly store: LogStore
  readonly parking: ParkingStore
  readonly publisher: Publisher
  readonly status: RelayStatus
  readonly metrics: RelayMetrics
  readonly log: Logger
  readonly partitions: number
  readonly windowMax: number
  readonly windowBytesMax: number
  readonly pollIntervalMs: number
  readonly leaseTtlMs: number
  readonly heartbeatIntervalMs: number
  readonly backoffMaxMs: number
  readonly segmentsAhead: number
  readonly segmentRows: number
  /** Beyond so many parked aggregates nothing more is parked. */
  readonly parkedMax: number
}

/**
 * The engine: stands by until it gets the lease, leads until it loses it, and again. Whatever is away is waited for.
 * `stop` ends the window under way (within `drainTimeoutMs`), moves the cursor over it, and hands the lease on.
 */
export class Relay implements Runnable {
  readonly name = 'relay'
  /** Rung when something was committed. */
  readonly doorbell = new Doorbell()
  /** Rung when the active relay gave its lease back. */
  readonly leaseBell = new Doorbell()
  private readonly stopping = new AbortController()
  private readonly aborting = new AbortController()
  private readonly observer: Observer
  private readonly owner = `relay-${crypto.randomUUID()}`
  private running: Promise<unknown> | undefined

  constructor(private readonly options: RelayOptions) {
    const intervalMs = Math.min(lookIntervalMaxMs, options.heartbeatIntervalMs)
    this.observer = new Observer({ ...options, intervalMs, doorbell: this.doorbell })
  }

  start(): void {
    this.running ??= Promise.all([this.run(), this.observer.run(this.stopping.signal)])
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    const limit = setTimeout(() => this.aborting.abort(), drainTimeoutMs)
    await this.running
    clearTimeout(limit)
  }

  private async run(): Promise<void> {
    const { observer, doorbell, options } = this
    const signals = { stopping: this.stopping.signal, aborting: this.aborting.signal }
    while (!this.stopping.signal.aborted) {
      const taken = await this.standBy()
      if (!taken) return
      try {
        await lead(taken.lease, taken.cursor, { ...options, ...signals, observer, doorbell })
      } catch (error) {
        // A defect of ours; the process lives, tells of it, and starts over from the cursor.
        options.log.error('leading failed', { error })
        await delay(standbyPollMs, this.stopping.signal)
      }
    }
  }

  private async standBy(): Promise<{ lease: Lease; cursor: number } | undefined> {
    const { store, status, log, leaseTtlMs: ttlMs } = this.options
    const { signal } = this.stopping
    for (let failures = 0; !signal.aborted;) {
      try {
        this.leaseBell.hush()
        const acquiredAtMs = performance.now()
        const asking = store.acquire({ owner: this.owner, ttlMs })
        const answer = await unlessAborted(asking, signal)
        if (!answer) return void giveBack(store, asking)
        failures = 0
        status.databaseTrouble = undefined
        if (answer.acquired) {
          const { token, cursor } = answer
          return { lease: new Lease({ store, token, ttlMs, acquiredAtMs, log }), cursor }
        }
        if (status.role !== 'standby') log.info('standing by', { owner: answer.owner })
        status.role = 'standby'
        await this.leaseBell.nap(Math.max(50, Math.min(standbyPollMs, answer.expiresInMs + 10)), signal)
      } catch (error) {
        status.role = 'waiting'
        status.databaseTrouble = describeTrouble(error)
        const nextMs = backoffMs(failures++, { baseMs: 100, maxMs: 2_000 }, Math.random())
        log.warn('waiting for the log', { reason: status.databaseTrouble, error, next_ms: nextMs })
        await delay(nextMs, signal)
      }
    }
    return undefined
  }
}

const standbyPollMs = 1_000
/** An operator's pause, release or discard is seen within this time. */
const lookIntervalMaxMs = 2_000
const drainTimeoutMs = 3_000

/** A lease that arrives after the stop must not keep the others waiting until it expires. */
function giveBack(store: LogStore, asking: ReturnType<LogStore['acquire']>): void {
  asking.then((late) => (late.acquired ? store.release({ token: late.token }) : undefined)).catch(() => {})
}
