/** Why work is to end; `urgent` when there is little time for it. */
export class Interruption extends Error {
  constructor(
    override readonly cause: string,
    readonly urgent: boolean,
  ) {
    super(`interrupted (${cause})`)
  }
}

const PARENT_POLL_MS = 200
/** One Ctrl-C may reach us more than once, by way of npm and of the terminal. */
const SECOND_THOUGHT_MS = 1_000

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, and when the process that started us is gone: there is no signal for
 * that. A second Ctrl-C ends us at once; the kernel then ends what we started.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  let firstAt = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!firstAt) firstAt = performance.now()
      else if (performance.now() - firstAt > SECOND_THOUGHT_MS) process.exit(130)
      controller.abort(new Interruption(signal, false))
    })
  }
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    controller.abort(new Interruption('the parent is gone', true))
  }, PARENT_POLL_MS)
  watch.unref()
  return controller.signal
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<Interruption> {
  if (signal.aborted) return Promise.resolve(signal.reason)
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true }),
  )
}
