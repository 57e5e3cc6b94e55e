import { backoffMs, retryUntil } from '../../shared/process/backoff.ts'
import { applyBatch, type Applied } from './apply.ts'
import type { ConsumerOptions, Inspector } from './consumer.ts'
import type { Inbox } from './inbox.ts'
import { Poison, type Message } from './prepare.ts'
import { DocumentFault, type StoreWriter, type WriteOutcome } from './store-writer.ts'

export interface WorkerOptions<M extends Message> extends Omit<ConsumerOptions, 'isWanted' | 'inspector'> {
  readonly inspect: Inspector
  /** Ends the work after the write in hand; a write that fails is not tried again then. */
  readonly leave: AbortSignal
  /** The channel is gone: what a write in hand brings is of no interest any more. Implies `leave`. */
  readonly over: AbortSignal
  /** This message and all before it. */
  readonly acknowledge: (message: M) => void
}

/** Told to leave, or the channel is gone, before the work in hand succeeded. */
export class Left extends Error {
  override readonly name = 'Left'
}

/** For the worker: leaving is an end like any other. */
export function unlessLeft(error: unknown): undefined {
  if (!(error instanceof Left)) throw error
}

const storeRetry = { baseMs: 50, maxMs: 5_000 }
const stoppedRetry = { baseMs: 1_000, maxMs: 30_000 }

/** How both ways of applying end. */
export interface Settler<M extends Message> {
  /** Something done to the store, tried until it succeeds: an outage uses up no attempts, and loses nothing. @throws Left */
  persist<T>(work: () => Promise<T>): Promise<T>
  /** @throws Left */
  apply(batch: readonly M[]): Promise<Applied>
  /**
   * Parks the poisoned messages of the inbox's oldest, and is done with all up to the first that finds no room: nothing
   * may pass that one, or a later acknowledgement would lose it.
   * @returns undefined when all of it is settled, else how long to wait before the next look
   * @throws Left
   */
  settle(batch: readonly M[], applied: Applied): Promise<number | undefined>
  /** When what is done is to be acknowledged, on the monotonic clock; undefined where there is nothing. */
  readonly dueMs: number | undefined
  /** Acknowledges all that is done. @throws Left */
  acknowledge(): Promise<void>
}

/**
 * What is in the store can be read, and its acknowledgement, with what has to be noted before it, can wait: for this long
 * at most, so that small batches share both. All partitions do so at the same time, and share one write. A process that
 * ends meanwhile leaves that much more to be delivered again.
 */
const acknowledgeEveryMs = 100

/** One for each subscription. */
export function createSettler<M extends Message>(inbox: Inbox<M>, options: WorkerOptions<M>): Settler<M> {
  const { state } = options
  let stops = 0
  /** Done and not acknowledged. */
  let owed: Applied['items'][number][] = []
  let last: M | undefined
  let dueMs: number | undefined
  /** Kept until it is done: what was counted once is not to be counted again. */
  let note: ReturnType<Inspector>

  async function acknowledge(): Promise<void> {
    if (last === undefined) return
    note ??= options.inspect(owed)
    if (note) await conclude(options, note)
    if (options.over.aborted) throw new Left()
    options.acknowledge(last)
    note = undefined
    owed = []
    last = undefined
    dueMs = undefined
  }

  return {
    get dueMs() {
      return dueMs
    },
    acknowledge,
    persist: (work) => persist(options, work),
    apply: (batch) => applyBatch(options.model, batch, write, noteOldest),
    async settle(batch, applied) {
      const stopped = await parkAll(batch, applied)
      const count = stopped?.position ?? batch.length
      if (count > 0) {
        const done = { items: applied.items.slice(0, count), outcome: applied.outcome }
        options.onApplied(done)
        owed.push(...done.items)
        last = batch[count - 1]!
        dueMs ??= (Math.floor(performance.now() / acknowledgeEveryMs) + 1) * acknowledgeEveryMs
        inbox.drop(count)
        state.oldestUnappliedMs = undefined
      }
      // Attempts end with the acknowledgement, and one that stopped may stop for long.
      if (state.careful || stopped || owed.length >= options.batchMax) await acknowledge()
      state.workSinceMs = inbox.size > 0 ? performance.now() : undefined
      state.poison = stopped?.poison
      if (stopped === undefined) {
        stops = 0
        return undefined
      }
      const nextMs = backoffMs(stops++, stoppedRetry, Math.random())
      state.oldestUnappliedMs ??= Date.now()
      options.onStopped(stopped.poison, nextMs)
      return nextMs
    },
  }

  async function write(...of: Parameters<StoreWriter['write']>): Promise<WriteOutcome> {
    const result = await persist(options, () => options.write(...of).catch(faultAsValue))
    if (result instanceof DocumentFault) throw result
    return result
  }

  function noteOldest(items: Applied['items']): void {
    state.oldestUnappliedMs = oldest(items) ?? state.oldestUnappliedMs
  }

  async function parkAll(batch: readonly M[], { items }: Applied) {
    const poisoned = items.flatMap((poison, position) =>
      poison instanceof Poison ? [{ poison, position, message: batch[position]! }] : [],
    )
    if (poisoned.length === 0) return undefined
    const { group, partition, queue } = state
    const entries = poisoned.map((one) => ({ ...one, group, partition, queue }))
    const answers = await persist(options, () => options.parking.park(entries))
    for (const [index, answer] of answers.entries())
      if (answer === 'parked') options.onParked(poisoned[index]!.poison)
    return poisoned[answers.length]
  }
}

/** What is written may still be acknowledged by one that was told to leave, where nothing fails. @throws Left */
async function conclude<M extends Message>(
  options: WorkerOptions<M>,
  note: () => Promise<void>,
): Promise<void> {
  if (!options.leave.aborted) return persist(options, note)
  await note().catch(() => {
    throw new Left()
  })
  if (options.over.aborted) throw new Left()
}

async function persist<M extends Message, T>(options: WorkerOptions<M>, work: () => Promise<T>): Promise<T> {
  const { state } = options
  const result = await retryUntil(async () => ({ value: await work() }), {
    ...storeRetry,
    signal: options.leave,
    onFailure(error, nextMs) {
      state.writeFailing = true
      options.onWriteFailed(error, nextMs)
    },
  })
  if (result === undefined || options.over.aborted) throw new Left()
  state.writeFailing = false
  return result.value
}

function faultAsValue(error: unknown): DocumentFault {
  if (error instanceof DocumentFault) return error
  throw error
}

/** Of the live ones: what is sent again is old by nature, and tells of no lag. */
function oldest(items: Applied['items']): number | undefined {
  let oldestMs = Number.POSITIVE_INFINITY
  for (const item of items)
    if (!(item instanceof Poison) && item.kind === 'event' && item.replay === undefined)
      oldestMs = Math.min(oldestMs, Date.parse(item.event.time))
  return Number.isFinite(oldestMs) ? oldestMs : undefined
}
