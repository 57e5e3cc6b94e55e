/** Resolves when `promise` has settled or `signal` is aborted; leaves no listener behind, and never rejects. */
export async function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const aborted = Promise.withResolvers<void>()
  const onAbort = () => aborted.resolve()
  signal.addEventListener('abort', onAbort)
  await Promise.race([promise.catch(() => {}), aborted.promise])
  signal.removeEventListener('abort', onAbort)
}
