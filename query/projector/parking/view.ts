import { delay, withTimeout } from '../../../shared/process/backoff.ts'
import { settledOrAborted } from '../../../shared/process/abort.ts'
import type { Check } from '../../../shared/process/health.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { CollectionOf } from '../collection-of.ts'
import { parkedEvents, type ParkedEvent } from './parked-events.ts'

/** How many events are parked, whichever replica parked them; kept in memory and refreshed every few seconds. */
export interface ParkedView extends Runnable {
  /** Groups that have none are left out. */
  counts(): ReadonlyMap<string, number>
  readonly newest: Newest | undefined
  /** Reads the store now. @throws when it is away */
  refresh(): Promise<void>
}

export type Newest = Pick<ParkedEvent, '_id' | 'group' | 'partition' | 'code' | 'event_type' | 'parked_at'>

const refreshMs = 2_000
const timeoutMs = 5_000

export function createParkedView(collectionOf: CollectionOf): ParkedView {
  const stopping = new AbortController()
  let counts: ReadonlyMap<string, number> = new Map()
  let newest: Newest | undefined
  let running: Promise<void> | undefined

  async function refresh(): Promise<void> {
    const found = await withTimeout(look(), timeoutMs, 'counting parked events')
    ;({ counts, newest } = found)
  }

  async function look() {
    const collection = parkedEvents(collectionOf)
    const groups = await collection
      .aggregate<{ _id: string; count: number }>([{ $group: { _id: '$group', count: { $sum: 1 } } }])
      .toArray()
    const [last] =
      groups.length === 0
        ? []
        : await collection
            .find<Newest>(
              {},
              { projection: { group: 1, partition: 1, code: 1, event_type: 1, parked_at: 1 } },
            )
            .sort({ parked_at: -1 })
            .limit(1)
            .toArray()
    return { counts: new Map(groups.map(({ _id, count }) => [_id, count])), newest: last }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A failure leaves the last answer, and the store has a check of its own.
      await settledOrAborted(refresh(), stopping.signal)
      await delay(refreshMs, stopping.signal)
    }
  }

  return {
    name: 'parked events',
    counts: () => counts,
    get newest() {
      return newest
    },
    refresh,
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

export function parkedProbe(view: Pick<ParkedView, 'counts' | 'newest'>) {
  return (): Check => {
    const counts = view.counts()
    if (counts.size === 0) return { name: 'parked', state: 'ok', count: 0 }
    return {
      name: 'parked',
      state: 'failed',
      reason: 'events could not be applied: release them when their cause is mended, or discard them',
      count: [...counts.values()].reduce((sum, count) => sum + count, 0),
      groups: Object.fromEntries(counts),
      newest: view.newest,
    }
  }
}
