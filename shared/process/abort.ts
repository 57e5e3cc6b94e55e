/** The promise's value, or undefined as soon as `signal` is aborted; leaves no listener behind. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort)
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}

export function whenAborted(signal: AbortSignal): Promise<void> {
  return unlessAborted(new Promise<void>(() => {}), signal)
}

/** Resolves when `promise` has settled, either way, or `signal` is aborted. */
export async function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await unlessAborted(
    promise.catch(() => {}),
    signal,
  )
}
