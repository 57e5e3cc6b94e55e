import { unlessAborted } from '../../../shared/process/abort.ts'

/** Lets one piece of work run at a time, in the order of asking. */
export interface Turns {
  /** @returns undefined when `signal` was aborted before its turn came */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined>
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return {
    async take(signal, work) {
      const before = last
      const mine = Promise.withResolvers<void>()
      last = before.then(() => mine.promise)
      try {
        await unlessAborted(before, signal)
        return signal.aborted ? undefined : await work()
      } finally {
        mine.resolve()
      }
    },
  }
}
