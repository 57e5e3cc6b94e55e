import { backoffMs, delay, retryUntil } from '../../shared/process/backoff.ts'
import { applyBatch } from './apply.ts'
import type { ConsumerOptions, Inspector } from './consumer.ts'
import type { Inbox } from './inbox.ts'
import type { Message } from './prepare.ts'
import { DocumentFault, type StoreWriter } from './store-writer.ts'

export interface WorkerOptions<M extends Message> extends Omit<ConsumerOptions, 'inspector'> {
  readonly inspect: Inspector
  /** Ends the work after the write in hand; a write that fails is not tried again then. */
  readonly leave: AbortSignal
  /** The channel is gone: what a write in hand brings is of no interest any more. Implies `leave`. */
  readonly over: AbortSignal
  /** This message and all before it. */
  readonly acknowledge: (message: M) => void
}

const writeRetry = { baseMs: 50, maxMs: 5_000 }
const poisonRetry = { baseMs: 1_000, maxMs: 30_000 }

/**
 * Applies what comes into the inbox until told to leave: one batch at a time and in order, so that a batch is whatever
 * came while the last one was written. Acknowledged after the write, and only the contiguous prefix that was written.
 */
export async function applyAll<M extends Message>(inbox: Inbox<M>, options: WorkerOptions<M>): Promise<void> {
  const { model, state, leave } = options
  const write: StoreWriter['write'] = (collection, changes) => {
    state.oldestUnappliedMs = oldest(changes) ?? state.oldestUnappliedMs
    return patiently(() => options.write(collection, changes), options)
  }
  for (let poisonings = 0; !leave.aborted;) {
    const batch = await inbox.peek(options.batchMax)
    if (batch === undefined) return
    const applied = await applyBatch(model, batch, write).catch(unlessLeaving)
    if (applied === undefined) return
    const count = applied.prepared.length
    const note = options.inspect(applied)
    if (note && !(await patiently(() => note().then(isDone), options).catch(unlessLeaving))) return
    if (count > 0) {
      options.onApplied(applied)
      options.acknowledge(batch[count - 1]!)
      inbox.drop(count)
      state.oldestUnappliedMs = undefined
    }
    state.workSinceMs = inbox.size > 0 ? performance.now() : undefined
    state.poison = applied.poison
    if (applied.poison === undefined) {
      poisonings = 0
      continue
    }
    // Nothing may pass it, or a later acknowledgement would lose it.
    const nextMs = backoffMs(poisonings++, poisonRetry, Math.random())
    state.oldestUnappliedMs ??= Date.now()
    options.onPoisoned(applied.poison, nextMs)
    await delay(nextMs, leave)
  }
}

/**
 * Something done to the store, tried until it succeeds: an outage uses up no event's attempts, and loses none.
 * @throws DocumentFault, which no retry helps, and Left
 */
async function patiently<T, M extends Message>(
  work: () => Promise<T>,
  options: WorkerOptions<M>,
): Promise<T> {
  const { state, leave } = options
  const result = await retryUntil(() => work().catch(faultAsValue), {
    ...writeRetry,
    signal: leave,
    onFailure(error, nextMs) {
      state.writeFailing = true
      options.onWriteFailed(error, nextMs)
    },
  })
  if (result === undefined || options.over.aborted) throw new Left()
  state.writeFailing = false
  if (result instanceof DocumentFault) throw result
  return result
}

const isDone = () => true

function faultAsValue(error: unknown): DocumentFault {
  if (error instanceof DocumentFault) return error
  throw error
}

/** Told to leave before the write succeeded. */
class Left extends Error {
  override readonly name = 'Left'
}

function unlessLeaving(error: unknown): undefined {
  if (!(error instanceof Left)) throw error
}

function oldest(changes: readonly { readonly time: string }[]): number | undefined {
  let oldestMs = Number.POSITIVE_INFINITY
  for (const { time } of changes) oldestMs = Math.min(oldestMs, Date.parse(time))
  return Number.isFinite(oldestMs) ? oldestMs : undefined
}
