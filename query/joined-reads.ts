export interface JoinOptions {
  /** Most ids in one read. */
  readonly idsMax?: number
  /** So many wait: then another read begins beside those under way. */
  readonly besideMin?: number
  /** Most reads at once. */
  readonly besideMax?: number
  /** A read that takes longer (milliseconds) is no longer waited for: the next begins beside it. */
  readonly patienceMs?: number
}

/** All who ask for one id. */
interface Asked<Found> {
  readonly id: string
  readonly answer: Promise<Found | undefined>
  resolve(found: Found | undefined): void
  reject(error: unknown): void
}

/**
 * Reads single documents, joined: those that are asked for in one turn of the event loop are one question to the store,
 * and so are those that are asked for while it answers. A question costs the store and the driver far more than one more
 * id in it. What is asked for is read after it was asked for, so that nobody is shown less than without.
 * @param read by ids, in any order, the unknown left out; to end in a bounded time. What it throws, all who asked get
 */
export function joinReads<Found extends { readonly _id: string }>(
  read: (ids: readonly string[]) => Promise<readonly Found[]>,
  { idsMax = 200, besideMin = 32, besideMax = 4, patienceMs = 10 }: JoinOptions = {},
): (id: string) => Promise<Found | undefined> {
  let waiting = new Map<string, Asked<Found>>()
  let running = 0
  let isPatient = true
  let timer: ReturnType<typeof setTimeout> | undefined

  function pump(): void {
    while (waiting.size > 0 && mayBegin()) {
      running++
      void readAll(take()).finally(() => {
        running--
        pump()
      })
    }
    // Whoever still waits does so for a read under way.
    if (waiting.size === 0 || running === besideMax) return
    timer ??= setTimeout(() => {
      timer = undefined
      isPatient = false
      pump()
    }, patienceMs)
  }

  const mayBegin = () => running === 0 || (running < besideMax && (!isPatient || waiting.size >= besideMin))

  function take(): readonly Asked<Found>[] {
    clearTimeout(timer)
    timer = undefined
    isPatient = true
    const all = [...waiting.values()]
    waiting = new Map(all.slice(idsMax).map((asked) => [asked.id, asked]))
    return all.slice(0, idsMax)
  }

  /** Never rejects. */
  async function readAll(all: readonly Asked<Found>[]): Promise<void> {
    try {
      const found = new Map((await read(all.map(({ id }) => id))).map((one) => [one._id, one]))
      for (const asked of all) asked.resolve(found.get(asked.id))
    } catch (error) {
      for (const asked of all) asked.reject(error)
    }
  }

  return (id) => {
    let asked = waiting.get(id)
    if (!asked) {
      if (waiting.size === 0) setImmediate(pump)
      waiting.set(id, (asked = question(id)))
    }
    return asked.answer
  }
}

/** `Promise.withResolvers` for runtimes that lack it. */
function question<Found>(id: string): Asked<Found> {
  let [resolve, reject]: [Asked<Found>['resolve'], Asked<Found>['reject']] = [() => {}, () => {}]
  const answer = new Promise<Found | undefined>((done, failed) => ([resolve, reject] = [done, failed]))
  return { id, answer, resolve, reject }
}
