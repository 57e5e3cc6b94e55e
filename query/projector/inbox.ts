import type { Message } from './prepare.ts'

/** What was delivered on one channel and is not acknowledged, in order. */
export interface Inbox<M extends Message> {
  readonly size: number
  /** @returns false when a delivery before this one is missing: nothing on this channel may be acknowledged any more */
  push(message: M): boolean
  /** Waits for a message. @returns the oldest ones, which stay in the inbox; undefined once it is closed */
  peek(max: number): Promise<readonly M[] | undefined>
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
    async peek(max) {
      for (;;) {
        if (isClosed) return undefined
        if (messages.length > 0) return messages.slice(0, max)
        await new Promise<void>((resolve) => (wake = resolve))
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
