/** What is attempted at one go. */
export interface Step<Item> {
  readonly items: readonly Item[]
  /** Processes that ended over it and did not come back. */
  readonly fatal: number
  /** Not to be attempted any more. */
  readonly isKiller: boolean
}

/**
 * Nobody is a suspect of its own before a process ended over the group it was in: those that never saw an end are
 * attempted together, the others alone. One that saw `attemptsMax` ends is the one to blame; of those the first may have
 * been a group's, so that two are the least that blame anybody. Pure, and keeps the order.
 * @param fatal for each item, the attempts that nobody came back from
 */
export function planAttempts<Item>(
  items: readonly Item[],
  fatal: readonly number[],
  attemptsMax: number,
): Step<Item>[] {
  const steps: { items: Item[]; fatal: number; isKiller: boolean }[] = []
  for (const [index, item] of items.entries()) {
    const count = fatal[index] ?? 0
    const last = steps.at(-1)
    if (count === 0 && last?.fatal === 0) last.items.push(item)
    else steps.push({ items: [item], fatal: count, isKiller: count >= Math.max(2, attemptsMax) })
  }
  return steps
}

/** Of a poison that was found so. */
export const killerCode = 'kills-the-process'
export const killerDetail = (fatal: number) => `the process ended at each of ${fatal} attempts to apply it`
