import { backoffMs, delay, retryUntil } from '../../shared/process/backoff.ts'
import { applyBatch } from './apply.ts'
import type { ConsumerOptions } from './consumer.ts'
import type { Inbox } from './inbox.ts'
import type { Message } from './prepare.ts'
import { DocumentFault, type StoreWriter } from './store-writer.ts'

export interface WorkerOptions<M extends Message> extends ConsumerOptions {
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
  const write = patiently(options)
  for (let poisonings = 0; !leave.aborted;) {
    const batch = await inbox.peek(options.batchMax)
    if (batch === undefined) return
    const applied = await applyBatch(model, batch, write).catch(unlessLeaving)
    if (applied === undefined) return
    const count = applied.prepared.length
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

/** The store writer, tried until it succeeds: an outage uses up no event's attempts, and loses none. */
function patiently<M extends Message>(options: WorkerOptions<M>): StoreWriter['write'] {
  const { state, leave } = options
  return async (collection, changes) => {
    state.oldestUnappliedMs = oldest(changes) ?? state.oldestUnappliedMs
    const result = await retryUntil(() => options.write(collection, changes).catch(faultAsValue), {
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
}

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
