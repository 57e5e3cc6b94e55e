export interface BackoffOptions {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * Exponential backoff with full-range jitter, so that processes that lost the same server do not come back in step.
 * @param attempt 0 for the first wait
 * @param random uniform in [0, 1); an argument so that the function stays pure
 * @returns milliseconds, between half of the exponential step and the whole of it
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: number): number {
  const stepMs = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(stepMs / 2 + (stepMs / 2) * random)
}

/** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done)
  })
}

export interface RetryOptions extends BackoffOptions {
  readonly signal: AbortSignal
  /** Told of every failure; `nextMs` is the wait before the next attempt. */
  readonly onFailure: (error: unknown, nextMs: number) => void
}

/**
 * Runs `attempt` until it succeeds or `signal` is aborted.
 * @returns its value, or undefined when aborted
 */
export async function retryUntil<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
): Promise<T | undefined> {
  for (let failures = 0; !options.signal.aborted; failures++) {
    try {
      return await attempt()
    } catch (error) {
      if (options.signal.aborted) return undefined
      const nextMs = backoffMs(failures, options, Math.random())
      options.onFailure(error, nextMs)
      await delay(nextMs, options.signal)
    }
  }
  return undefined
}

/** Rejects with a TimeoutError when `promise` has not settled within `ms`; the promise itself goes on. */
export function withTimeout<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`${what} took longer than ${ms} ms`)), ms)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}
