import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'

export interface DatabaseWatchOptions {
  /** One round trip. @throws when the database does not answer */
  readonly ping: () => Promise<void>
  /** Makes a ping that hangs fail. */
  readonly sever: () => void
  /** So long it may be away before callers are refused at once. */
  readonly awayMaxMs: number
  /** Called once, when that time has passed. */
  readonly onAway: () => void
  readonly log: Logger
}

export interface DatabaseWatch {
  /** Away for longer than allowed, and not back yet. */
  readonly isAway: boolean
  /**
   * Waits for a database whose connection failed with `error`.
   * @returns false when it stayed away for too long; its return is then watched for in the background
   */
  waitForReturn(error: unknown): Promise<boolean>
  stop(): Promise<void>
}

const pingTimeoutMs = 1_000
/** Of the event loop: a connection is made in some round trips, each of which takes one. Nothing where it is idle. */
const graceTurns = 10

export function createDatabaseWatch(options: DatabaseWatchOptions): DatabaseWatch {
  const { log, awayMaxMs } = options
  const lifetime = new AbortController()
  let awaySinceMs: number | undefined
  let watching: Promise<void> | undefined

  const isAway = () => awaySinceMs !== undefined && performance.now() - awaySinceMs >= awayMaxMs
  /** Whoever gives up after the database answered must not leave it counted as away. */
  const isBack = async () => {
    if (!(await answers())) return false
    awaySinceMs = undefined
    return true
  }

  return {
    get isAway() {
      return isAway()
    },
    async waitForReturn(error) {
      awaySinceMs ??= performance.now()
      log.warn('PostgreSQL is away', { error })
      for (let attempt = 0; !isAway(); attempt++) {
        if (await isBack()) return true
        await delay(backoffMs(attempt, { baseMs: 10, maxMs: 250 }, Math.random()))
      }
      watching ??= watch().finally(() => (watching = undefined))
      return false
    },
    async stop() {
      lifetime.abort()
      await watching
    },
  }

  async function watch(): Promise<void> {
    options.onAway()
    for (let attempt = 0; !lifetime.signal.aborted; attempt++) {
      if (await isBack()) return log.info('PostgreSQL is back')
      await delay(backoffMs(attempt, { baseMs: 50, maxMs: 1_000 }, Math.random()), lifetime.signal)
    }
  }

  async function answers(): Promise<boolean> {
    const answered = new AbortController()
    // An event loop that is behind runs its timers before it reads what has arrived: the answer may be there already.
    const giveUp = async () => {
      for (let turn = 0; turn < graceTurns && !answered.signal.aborted; turn++)
        await new Promise(setImmediate)
      if (!answered.signal.aborted) options.sever()
    }
    const watchdog = setTimeout(giveUp, pingTimeoutMs)
    return options
      .ping()
      .then(() => true)
      .catch(() => false)
      .finally(() => {
        answered.abort()
        clearTimeout(watchdog)
      })
  }
}
