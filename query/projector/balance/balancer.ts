import { randomUUID } from 'node:crypto'
import { delay, withTimeout } from '../../../shared/process/backoff.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import type { CollectionOf } from '../collection-of.ts'
import { isWell, type PartitionState } from '../partition-state.ts'
import { balanceTimes, createBalance, type BalanceTimes } from './balance.ts'
import { createMembers } from './members.ts'

export interface BalancerOptions {
  /** Unique among the replicas. */
  readonly replica: string
  /** Of this process's partitions. */
  readonly states: readonly PartitionState[]
  readonly collectionOf: CollectionOf
  /** Gives a partition up, in the background: another replica is preferred there, and standing by. */
  readonly handOver: (queue: string) => void
  readonly log: Logger
  readonly times?: BalanceTimes | undefined
}

const timeoutMs = 5_000

/** Tells the other replicas what this one consumes, and gives up what is theirs. */
export function createBalancer(options: BalancerOptions): Runnable {
  const { replica, states, handOver, log, times = balanceTimes } = options
  const members = createMembers(options.collectionOf)
  const balance = createBalance(replica, times)
  const stopping = new AbortController()
  const run = randomUUID()
  let beat = 0
  let running: Promise<void> | undefined

  async function work(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        await withTimeout(look(), timeoutMs, 'looking at the replicas')
        failures = 0
      } catch (error) {
        balance.blind()
        if (failures++ === 0)
          log.warn('the replicas cannot be looked up: no partition is handed over', { error })
      }
      await delay(times.lookMs, stopping.signal)
    }
  }

  async function look(): Promise<void> {
    const queues = states.filter(isWell).map(({ queue }) => queue)
    await members.report({ replica, run, beat: ++beat, queues })
    const found = await members.all()
    if (stopping.signal.aborted) return
    const nowMs = performance.now()
    balance.look(found, nowMs)
    const own = states.map((state) => ({ ...state, isWell: isWell(state) }))
    const given = balance.decide(own, nowMs)
    if (given) handOver(given.queue)
    for (const member of balance.gone(nowMs)) await members.forget(member)
  }

  return {
    name: 'balancer',
    start() {
      running ??= work()
    },
    async stop() {
      stopping.abort()
      if (!running) return
      const leaving = running.then(() => members.forget({ replica, run }))
      await withTimeout(leaving, 1_000, 'stopping').catch(() => {})
    },
  }
}
