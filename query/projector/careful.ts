import type { Applied } from './apply.ts'
import { messageKey } from './parking/message-key.ts'
import { killerCode, killerDetail, planAttempts, type Step } from './parking/plan-attempts.ts'
import { Poison, type Message } from './prepare.ts'
import type { Settler, WorkerOptions } from './settle.ts'

/** Most suspects that are attempted together. */
export const groupMax = 25

/**
 * Applies suspects, and notes each attempt in the store before it is made: the message that ends the process is known by
 * attempts that nobody came back from, and is parked without another. A small group is attempted together first, since
 * nearly all of it is innocent; each of a group that ended the process is attempted alone.
 *
 * On the same channel, with what is prefetched on it: another one would have everything in flight counted as given back.
 * @param group the inbox's oldest
 * @returns undefined when all of it is settled, else how long to wait before the next look
 * @throws Left
 */
export async function applyCarefully<M extends Message>(
  group: readonly M[],
  options: WorkerOptions<M>,
  { persist, apply, settle }: Settler<M>,
): Promise<number | undefined> {
  const { state, leave, attempts } = options
  const keyOf = (message: M) => `${state.group}/${messageKey(message)}`
  const fatal = await persist(() => attempts.fatal(group.map(keyOf)))
  for (const step of planAttempts(group, fatal, options.attemptsMax)) {
    // What another partition does beside it may be what ends the process.
    const stopMs = await options.turns.alone(leave, () => attempt(step))
    if (stopMs !== undefined || leave.aborted) return stopMs
  }
  return undefined

  async function attempt(step: Step<M>): Promise<number | undefined> {
    const keys = step.items.map(keyOf)
    try {
      if (!step.isKiller) await persist(() => attempts.begin(keys))
      const stopMs = await settle(step.items, step.isKiller ? condemned(step) : await apply(step.items))
      if (stopMs === undefined) attempts.forget(keys)
      // It waits for room to be parked, and the process lives.
      else await attempts.withdraw(keys)
      return stopMs
    } catch (error) {
      // Still alive: whatever went wrong, it was none of these.
      await attempts.withdraw(keys)
      throw error
    }
  }
}

function condemned<M extends Message>({ items, fatal }: Step<M>): Applied {
  const { type, messageId } = items[0]!.properties
  const killer = new Poison(killerCode, type, messageId, killerDetail(fatal), fatal)
  return { items: [killer], outcome: { applied: 0, skipped: 0 } }
}
