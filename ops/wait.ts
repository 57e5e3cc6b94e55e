const INTERVAL_MS = 50

export interface WaitOptions {
  timeoutMs: number
  /** What is waited for, as it would read after "waited 5000 ms for". */
  what: string
  intervalMs?: number
}

/**
 * Polls until the condition gives something truthy, and gives that. An error of the condition counts as "not yet"; the
 * last one is the cause of the error when time is up.
 */
export async function waitFor<T>(
  condition: () => Promise<T> | T,
  options: WaitOptions,
): Promise<NonNullable<T>> {
  const { timeoutMs, what, intervalMs = INTERVAL_MS } = options
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause })
    await Bun.sleep(intervalMs)
  }
}
