import { delay } from '../../shared/process/backoff.ts'
import type { Inbox } from './inbox.ts'
import { messageKey } from './parking/message-key.ts'
import { Poison, type Message } from './prepare.ts'
import { createSettler, unlessLeft, type WorkerOptions } from './settle.ts'
import { isSuspect } from './suspects.ts'

/**
 * Applies suspects one by one, alone in the whole process, and notes each attempt in the store before it is made: the
 * one that ends the process is known by attempts that nobody came back from, and the innocent ones that were in flight
 * with it pass. One that was attempted `attemptsMax` times is parked without another.
 * @returns `normal` after the first message that is no suspect; the broker delivers nothing more on this channel then
 */
export async function applyAlone<M extends Message>(
  inbox: Inbox<M>,
  options: WorkerOptions<M>,
): Promise<'normal' | undefined> {
  const { state, leave, attempts, attemptsMax } = options
  const { persist, apply, settle } = createSettler(inbox, options)

  async function work(): Promise<'normal' | undefined> {
    while (!leave.aborted) {
      const batch = await inbox.peek(1)
      if (batch === undefined) return undefined
      if (isSuspect(batch[0]!)) {
        // Another partition's attempt may be the one that ends the process, and would count as this one's.
        const stopMs = await options.turns.take(leave, () => attempt(batch))
        if (stopMs !== undefined) await delay(stopMs, leave)
        continue
      }
      const applied = await apply(batch)
      // While this one is unacknowledged nothing else is prefetched, so that closing the channel counts for nobody.
      const stopMs = await settle(batch, applied, options.stopDelivery)
      if (stopMs === undefined) return 'normal'
      await delay(stopMs, leave)
    }
    return undefined
  }

  async function attempt(batch: readonly M[]): Promise<number | undefined> {
    const message = batch[0]!
    const key = `${state.group}/${messageKey(message)}`
    try {
      const [fatal = 0] = await persist(() => attempts.begin([key]))
      const applied =
        fatal < attemptsMax
          ? await apply(batch)
          : { items: [killer(message, fatal)], outcome: { applied: 0, skipped: 0 } }
      const stopMs = await settle(batch, applied)
      if (stopMs === undefined) attempts.forget([key])
      return stopMs
    } catch (error) {
      // Still alive: whatever else went wrong, it was not this.
      await attempts.withdraw([key])
      throw error
    }
  }
  return work().catch(unlessLeft)
}

function killer({ properties }: Message, attempts: number): Poison {
  const detail = `the process ended at each of ${attempts} attempts to apply it alone`
  return new Poison('kills-the-process', properties.type, properties.messageId, detail, attempts)
}
