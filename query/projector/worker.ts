import { delay } from '../../shared/process/backoff.ts'
import type { Inbox } from './inbox.ts'
import type { Message } from './prepare.ts'
import { createSettler, unlessLeft, type WorkerOptions } from './settle.ts'
import { isSuspect } from './suspects.ts'

/**
 * Applies what comes into the inbox until told to leave: one batch at a time and in order, so that a batch is whatever
 * came while the last one was written. Acknowledged after the write.
 * @returns `careful` when the oldest message is a suspect, and nothing of it was touched
 */
export async function applyAll<M extends Message>(
  inbox: Inbox<M>,
  options: WorkerOptions<M>,
): Promise<'careful' | undefined> {
  const { state, leave } = options
  const { apply, settle } = createSettler(inbox, options)

  async function work(): Promise<'careful' | undefined> {
    while (!leave.aborted) {
      // While stopped it looks at the message that stopped it, and writes what stands behind it no second time.
      const oldest = await inbox.peek(state.poison ? 1 : options.batchMax)
      if (oldest === undefined) return undefined
      const suspect = oldest.findIndex(isSuspect)
      if (suspect === 0) return 'careful'
      const batch = suspect < 0 ? oldest : oldest.slice(0, suspect)
      const stopMs = await settle(batch, await apply(batch))
      if (stopMs !== undefined) await delay(stopMs, leave)
    }
    return undefined
  }
  return work().catch(unlessLeft)
}
