import type { Message } from './prepare.ts'

/** What was delivered on one channel and is not done with, in order. */
export interface Inbox<M extends Message> {
  readonly size: number
  /** @returns false when a delivery before this one is missing: nothing on this channel may be acknowledged any more */
  push(message: M): boolean
  /**
   * Waits for a message, or until `untilMs` on the monotonic clock.
   * @returns the oldest ones, which stay in the inbox; none where the time is up; undefined once it is closed
   */
  peek(max: number, untilMs?: number): Promise<readonly M[] | undefined>
  /** Removes the `count` oldest. */
  drop(count: number): void
  /** Lets a waiting `peek` go. */
  close(): void
}

export function createInbox<M extends Message>(): Inbox<M> {
  let messages: M[] = []
  let lastTag = 0
  let isClosed = false
  let wake = () => {}

  return {
    get size() {
      return messages.length
    },
    push(message) {
      // `multiple` acknowledges everything up to a tag: over a gap, it would acknowledge an event never seen here.
      if (message.deliveryTag !== lastTag + 1) return false
      lastTag = message.deliveryTag
      messages.push(message)
      wake()
      return true
    },
    async peek(max, untilMs = Number.POSITIVE_INFINITY) {
      for (;;) {
        if (isClosed) return undefined
        const waitMs = untilMs - performance.now()
        if (messages.length > 0 || waitMs <= 0) return messages.slice(0, max)
        await new Promise<void>((resolve) => {
          const timer = Number.isFinite(waitMs) ? setTimeout(resolve, waitMs) : undefined
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    drop(count) {
      messages = messages.slice(count)
    },
    close() {
      isClosed = true
      wake()
    },
  }
}
