import type { Collection } from 'mongodb'
import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { CollectionOf } from './collection-of.ts'
import type { ReadModel, ReadModelSettings } from './read-model.ts'

/** What a read model does to its documents by the clock and not by events. */
export interface Sweep {
  readonly everyMs: number
  /**
   * Done again and again, for each generation that is fed, by every replica and by several at once: to be idempotent.
   * May end half-way, with a rejection or because `signal` was aborted; the next time goes on.
   * @returns how many documents were changed
   */
  run(context: SweepContext): Promise<number>
}

export interface SweepContext<Document extends { _id: string } = { _id: string }> {
  readonly collection: Collection<Document>
  readonly now: Date
  /** The read model's own. */
  readonly settings: ReadModelSettings
  readonly signal: AbortSignal
}

export interface SweepsOptions {
  /** All generations that are fed now. */
  readonly models: () => readonly ReadModel[]
  readonly settingsOf: (model: ReadModel) => ReadModelSettings
  readonly collectionOf: CollectionOf
  readonly log: Logger
  /** Told of each sweep that changed something. Must not throw. */
  readonly onSwept: (group: string, documents: number) => void
}

const lookMs = 1_000
const backoff = { baseMs: 1_000, maxMs: 60_000 }

/** Sweeps every read model that wants it, one after the other; a store that is away only delays it. */
export function createSweeps(options: SweepsOptions): Runnable {
  const { log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  /** By group, on the monotonic clock. */
  const dueMs = new Map<string, number>()
  const failures = new Map<string, number>()
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (!signal.aborted) {
      let nextMs = lookMs
      for (const model of options.models()) {
        if (!model.sweep || signal.aborted) continue
        const waitMs = (dueMs.get(model.group) ?? 0) - performance.now()
        if (waitMs > 0) nextMs = Math.min(nextMs, waitMs)
        else await sweep(model, model.sweep)
      }
      await delay(nextMs, signal)
    }
  }

  async function sweep(model: ReadModel, { everyMs, run: work }: Sweep): Promise<void> {
    const { group } = model
    try {
      const collection = options.collectionOf<{ _id: string }>(model.collection)
      const documents = await work({
        collection,
        now: new Date(),
        settings: options.settingsOf(model),
        signal,
      })
      if (documents > 0) {
        log.info('swept', { group, documents })
        options.onSwept(group, documents)
      }
      failures.delete(group)
      dueMs.set(group, performance.now() + everyMs)
    } catch (error) {
      const failed = failures.get(group) ?? 0
      if (failed === 0) log.warn('a read model could not be swept: trying again', { group, error })
      failures.set(group, failed + 1)
      dueMs.set(group, performance.now() + backoffMs(failed, backoff, Math.random()))
    }
  }

  return {
    name: 'sweeps',
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      // An operation under way ends by the driver's own time-out: not waited for longer than a stop has.
      await Promise.race([running, delay(1_000)])
    },
  }
}
