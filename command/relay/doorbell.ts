/**
 * Shortens naps. A ring is never lost: one that comes between the start of a read and the nap after it ends that nap
 * at once. It is only a hint; who naps polls anyway.
 */
export class Doorbell {
  private rung = false
  private wake: (() => void) | undefined

  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Call before looking for work: rings so far are answered by that look. */
  hush(): void {
    this.rung = false
  }

  /** Resolves after `ms`, at a ring since the last `hush`, or when `signal` is aborted. */
  nap(ms: number, signal: AbortSignal): Promise<void> {
    if (this.rung || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
      this.wake = done
    })
  }
}
