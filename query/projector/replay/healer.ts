import { requestReplay } from '../../../shared/messaging/request-replay.ts'
import { settledOrAborted } from '../../../shared/process/abort.ts'
import { backoffMs, delay, withTimeout } from '../../../shared/process/backoff.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import { closeChannel, onChannelLost, type Broker, type Connection } from '../broker.ts'
import type { PipelineView } from '../pipeline-view.ts'
import type { QueueEntry } from '../queue-records.ts'
import type { ProjectorRecords } from '../records.ts'
import { renewBindings, queueOf, type PartitionOf } from '../topology.ts'
import { plan, type Request } from './plan.ts'

export interface HealerOptions {
  /** All partitions of all groups that are fed now. */
  readonly places: () => readonly PartitionOf[]
  /** This process has a consumer on it, so its queue was known to the store. */
  readonly isSubscribed: (queue: string) => boolean
  readonly records: ProjectorRecords
  readonly view: Pick<PipelineView, 'heartbeats'>
  readonly broker: Broker
  readonly replica: string
  /** A replay of which nothing came for so long, while the relay's heartbeats do, is asked for again. */
  readonly patienceMs?: number | undefined
  readonly overdueMs: number
  readonly log: Logger
  /** Told of each request that the relay's queue has taken. */
  readonly onRequested: (request: Request) => void
}

export interface Healer extends Runnable {
  /** There is news: look at once. */
  nudge(): void
}

const tickMs = 1_000
const patienceMsDefault = 300_000
const endTimeoutMs = 1_000
const backoff = { baseMs: 250, maxMs: 5_000 }

/**
 * Asks the relay for what the groups' queues lack, as the store says it. One in each replica: who asks is decided in
 * the store, and a request that its replica did not get through is taken over by the others with the same id.
 */
export function createHealer(options: HealerOptions): Healer {
  const { records, broker, log } = options
  const stopping = new AbortController()
  const mine = new Set<string>()
  let bell = Promise.withResolvers<void>()
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    const { signal } = stopping
    for (let failures = 0; !signal.aborted;) {
      try {
        await look()
        failures = 0
      } catch (error) {
        if (failures === 0) log.warn('replays cannot be asked for yet', { error })
        await delay(backoffMs(failures++, backoff, Math.random()), signal)
        continue
      }
      const nap = new AbortController()
      await settledOrAborted(Promise.race([bell.promise, delay(tickMs, nap.signal)]), signal)
      nap.abort()
      bell = Promise.withResolvers()
    }
  }

  async function look(): Promise<void> {
    const places = options.places()
    const queues = await records.queues()
    const known = new Map(queues.map((entry) => [entry.queue, entry]))
    await noteUnknown(places, known)
    const { overdueMs, patienceMs = patienceMsDefault } = options
    const nowMs = Date.now()
    const flowing = new Set(
      options.view
        .heartbeats()
        .flatMap(({ queue, ageSeconds }) => (ageSeconds * 1_000 < overdueMs ? [queue] : [])),
    )
    const { ask, repeat } = plan(places, known, { nowMs, patienceMs, flowing, mine })
    if (ask.length + repeat.length === 0) return
    const connection = await broker.opened(stopping.signal)
    if (!connection) return
    for (const request of ask) {
      // Before the relay looks where the log ends: what is behind it then comes by itself.
      for (const [index, of] of request.places.entries())
        if (request.entries[index]!.replay?.reason === 'events-missing') await renewBindings(connection, of)
      const claimed = await claim(request)
      if (claimed) await publish(connection, claimed)
    }
    for (const request of repeat) await publish(connection, request)
  }

  /** The store was emptied while the queues went on. */
  async function noteUnknown(places: readonly PartitionOf[], known: Map<string, QueueEntry>): Promise<void> {
    for (const of of places) {
      const queue = queueOf(of)
      if (known.has(queue) || !options.isSubscribed(queue)) continue
      const isNews = await records.noteUnknown(
        { queue, group: of.model.group, partition: of.partition },
        'store-lost',
      )
      if (isNews) log.error('the store does not know a queue: it has lost what it had', { queue })
      await records.noteDeclared(queue)
    }
  }

  /** In the order of the queues, ending where another replica was faster: it goes on, and this one does not. */
  async function claim(request: Request): Promise<Request | undefined> {
    const claimed: number[] = []
    for (const [index, entry] of request.entries.entries()) {
      if (!(await records.claim(entry, request.id))) break
      claimed.push(index)
    }
    mine.add(request.id)
    return claimed.length === 0
      ? undefined
      : {
          ...request,
          entries: claimed.map((index) => request.entries[index]!),
          places: claimed.map((index) => request.places[index]!),
        }
  }

  async function publish(connection: Connection, request: Request): Promise<void> {
    const { id, scope, reason, entries, places, requestedAt } = request
    const [{ model, partitions }] = places as [PartitionOf]
    const only = places.map(({ partition }) => partition)
    const channel = await connection.channel()
    onChannelLost(channel, () => {})
    try {
      await requestReplay(channel, {
        id,
        group: model.group,
        aggregate: model.handles.aggregate,
        partitions,
        only: only.length === partitions ? null : only,
        scope,
        reason,
        requested_by: options.replica,
        requested_at: requestedAt,
      })
    } finally {
      await closeChannel(channel)
    }
    await records.notePublished(
      entries.map(({ queue }) => queue),
      id,
    )
    mine.delete(id)
    log.info('asked for a replay', { request: id, group: model.group, partitions: only, scope, reason })
    options.onRequested(request)
  }

  return {
    name: 'healer',
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      // It may be waiting for an answer of the broker or the store, for longer than a stop has.
      if (running) await withTimeout(running, endTimeoutMs, 'stopping').catch(() => {})
    },
    nudge: () => bell.resolve(),
  }
}
