import { delay } from '../../shared/process/backoff.ts'
import { applyCarefully, groupMax } from './careful.ts'
import type { Inbox } from './inbox.ts'
import type { Message } from './prepare.ts'
import { createSettler, unlessLeft, type WorkerOptions } from './settle.ts'
import { isSuspect } from './suspects.ts'

/**
 * Applies what comes into the inbox until told to leave: one batch at a time and in order, so that a batch is whatever
 * came while the last one was written. Acknowledged some time after the write. Suspects are applied apart, and carefully.
 */
export async function applyAll<M extends Message>(inbox: Inbox<M>, options: WorkerOptions<M>): Promise<void> {
  const { state, leave, turns } = options
  const settler = createSettler(inbox, options)

  async function work(): Promise<void> {
    while (!leave.aborted) {
      // While stopped it looks at the message that stopped it, and writes what stands behind it no second time.
      const oldest = await inbox.peek(state.poison ? 1 : options.batchMax, settler.dueMs)
      if (oldest === undefined) return
      if (isPast(settler.dueMs) || (oldest[0] && isSuspect(oldest[0]))) await settler.acknowledge()
      if (oldest.length === 0) continue
      state.careful = isSuspect(oldest[0]!)
      const end = oldest.findIndex((message) => isSuspect(message) !== state.careful)
      const batch = end < 0 ? oldest : oldest.slice(0, end)
      const stopMs = state.careful
        ? await applyCarefully(batch.slice(0, groupMax), options, settler)
        : await turns.together(leave, async () => settler.settle(batch, await settler.apply(batch)))
      if (stopMs !== undefined) await delay(stopMs, leave)
    }
  }
  await work().catch(unlessLeft)
  if (!options.over.aborted) await settler.acknowledge().catch(unlessLeft)
}

const isPast = (dueMs: number | undefined) => dueMs !== undefined && performance.now() >= dueMs
