import { backoffMs, delay, withTimeout } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Broker } from './broker.ts'
import { openConsumer, type Consumer, type ConsumerOptions } from './consumer.ts'
import { handedOverReason, isStalled, pausedReason } from './partition-state.ts'
import type { PauseSwitch } from './pause.ts'
import type { ReplayReason } from './queue-records.ts'
import { ensureQueue, queueOf, renewBindings, type NeedRecords, type PartitionOf } from './topology.ts'

export interface PartitionOptions extends Omit<ConsumerOptions, 'model' | 'isWanted'> {
  readonly of: PartitionOf
  readonly broker: Broker
  readonly records: NeedRecords
  readonly log: Logger
  /** Asks the store for an answer. @throws when there is none */
  readonly pingStore: () => Promise<void>
  readonly stallMs: number
  /** Heartbeats come every few seconds: after so long without any message the queue's bindings may be gone. */
  readonly quietMs: number
  readonly pause: PauseSwitch
  /** Told of each new subscription, before its first message is applied. */
  readonly onSubscribed: () => void
  /** Told why the queue needs a replay, by whoever noticed first. */
  readonly onNeed: (reason: ReplayReason) => void
}

export interface Partition extends Runnable {
  /** Looks after itself: to be called every second or so. */
  watch(): void
  /** Finishes the write in hand, and subscribes again, behind all other replicas. */
  handOver(): void
  /** Makes the queue's bindings anew, in the background: something does not come through. */
  renew(): void
}

const backoff = { baseMs: 100, maxMs: 5_000 }
/** Together well within what a stop of the process has. */
const drainTimeoutMs = 3_000
const endTimeoutMs = 1_000

/** Keeps one partition of one group consumed: queue and bindings, then a consumer, and again when that has ended. */
export function createPartition(options: PartitionOptions): Partition {
  const { of, state, broker, pause, log } = options
  const names = { group: of.model.group, partition: of.partition, queue: queueOf(of) }
  const stopping = new AbortController()
  let consumer: Consumer | undefined
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      let step = 'connecting'
      try {
        const connection = await broker.opened(stopping.signal)
        if (!connection) return
        // Without the store nothing could be applied: better that another replica has the partition.
        step = 'asking the store'
        await options.pingStore()
        if (pause.paused) state.reason = pausedReason
        await pause.whenOpen(stopping.signal)
        if (stopping.signal.aborted) return
        step = 'declaring the queue'
        const need = await ensureQueue(connection, of, options.records)
        if (need) options.onNeed(need)
        step = 'subscribing'
        options.onSubscribed()
        consumer = await openConsumer(connection, {
          ...options,
          model: of.model,
          isWanted: () => pause.paused === undefined,
        })
        if (stopping.signal.aborted) return await consumer.drain(drainTimeoutMs)
        // A pause that began while it subscribed was seen by nobody here.
        if (pause.paused) await consumer.drain(drainTimeoutMs, pausedReason)
        else log.info('subscribed', names)
        failures = 0
        const reason = await consumer.ended
        if (reason === handedOverReason) log.info('handed over to the replica that is preferred here', names)
        else if (!stopping.signal.aborted) log.warn('a consumer ended', { ...names, reason })
      } catch (error) {
        const reason = `${step} failed${replyCode(error)}`
        // Once and not at every attempt: an outage is one line for each partition.
        if (state.reason === reason) log.debug('still no consumer', { ...names, step, error })
        else log.warn('no consumer yet', { ...names, step, error })
        state.reason = reason
      }
      await delay(backoffMs(failures, backoff, Math.random()), stopping.signal)
    }
  }

  /** An exchange that was deleted and made anew took the bindings with it, and left the queue and its consumer. */
  async function renew(): Promise<void> {
    state.deliveredAtMs = performance.now()
    try {
      const connection = await broker.opened(stopping.signal)
      if (connection) await renewBindings(connection, of)
    } catch (error) {
      log.warn('the queue could not be bound again', { ...names, error })
    }
  }

  return {
    name: `partition ${names.queue}`,
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await consumer?.drain(drainTimeoutMs)
      // It may be waiting for an answer of the broker or the store, for longer than a stop has.
      if (running) await withTimeout(running, endTimeoutMs, 'stopping').catch(() => {})
    },
    handOver: () => void consumer?.drain(drainTimeoutMs, handedOverReason),
    renew: () => void renew(),
    watch() {
      if (!state.subscribed) return
      if (pause.paused) void consumer?.drain(drainTimeoutMs, pausedReason)
      else if (isStalled(state, options.stallMs)) {
        log.error('no progress: giving the channel back', { ...names, limit_ms: options.stallMs })
        consumer?.abandon('no progress')
      } else if (performance.now() - state.deliveredAtMs > options.quietMs) void renew()
    },
  }
}

/** The broker's reply code stands at the end of its message, the rest of which may name hosts. */
function replyCode(error: unknown): string {
  const code = error instanceof Error ? /\((\d{3})\)$/.exec(error.message)?.[1] : undefined
  return code === undefined ? '' : ` (${code})`
}
