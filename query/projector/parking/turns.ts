/**
 * Lets attempts run with nothing beside them in the process, so that the end of the process tells of them alone. Fair: in
 * the order of asking, so that neither kind waits for ever.
 */
export interface Turns {
  /** Beside nothing else. @returns undefined when `signal` was aborted before its turn came */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined>
  /** Beside others of this kind. @returns undefined when `signal` was aborted before its turn came */
  together<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined>
}

interface Waiting {
  readonly isAlone: boolean
  readonly start: () => void
}

export function createTurns(): Turns {
  let waiting: Waiting[] = []
  let running = 0
  let isAlone = false

  async function take<T>(kind: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    const turn = Promise.withResolvers<void>()
    const me: Waiting = { isAlone: kind, start: turn.resolve }
    waiting.push(me)
    const giveUp = () => {
      if (!waiting.includes(me)) return
      waiting = waiting.filter((other) => other !== me)
      hasGivenUp = true
      turn.resolve()
      admit()
    }
    let hasGivenUp = false
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    admit()
    await turn.promise
    signal.removeEventListener('abort', giveUp)
    if (hasGivenUp) return undefined
    try {
      return signal.aborted ? undefined : await work()
    } finally {
      running--
      isAlone = false
      admit()
    }
  }

  function admit(): void {
    for (let next = waiting[0]; next; next = waiting[0]) {
      if (isAlone || (next.isAlone && running > 0)) return
      waiting.shift()
      running++
      isAlone = next.isAlone
      next.start()
    }
  }

  return {
    alone: (signal, work) => take(true, signal, work),
    together: (signal, work) => take(false, signal, work),
  }
}
