import { delay, withTimeout } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import { settledOrAborted } from '../../shared/process/abort.ts'
import type { HeartbeatEntry } from './heartbeat-records.ts'
import type { QueueEntry } from './queue-records.ts'
import type { ProjectorRecords } from './records.ts'

/**
 * What all replicas' projectors noted in the store, kept in memory and refreshed every few seconds: health and metrics
 * answer at once and for every partition, whichever replica has it, and go on ageing while the store is away.
 */
export interface PipelineView extends Runnable {
  heartbeats(): readonly HeartbeatAge[]
  queues(): readonly QueueEntry[]
  /** Shows a heartbeat of this process before the next refresh. */
  see(entry: HeartbeatEntry): void
  /** Reads the store now. @throws when it is away */
  refresh(): Promise<void>
}

export interface HeartbeatAge extends HeartbeatEntry {
  readonly ageSeconds: number
}

const refreshMs = 2_000
const timeoutMs = 5_000

export function createPipelineView(records: ProjectorRecords): PipelineView {
  const stopping = new AbortController()
  const newest = new Map<string, HeartbeatEntry>()
  let queues: readonly QueueEntry[] = []
  let running: Promise<void> | undefined

  function see(entry: HeartbeatEntry): void {
    const known = newest.get(entry.queue)
    if (known === undefined || known.time < entry.time) newest.set(entry.queue, entry)
  }

  async function refresh(): Promise<void> {
    const reading = Promise.all([records.heartbeats(), records.queues()])
    const [heartbeats, known] = await withTimeout(reading, timeoutMs, 'reading the records')
    for (const entry of heartbeats) see(entry)
    // Those of a generation that was taken away.
    const present = new Set(heartbeats.map(({ queue }) => queue))
    for (const queue of newest.keys()) if (!present.has(queue)) newest.delete(queue)
    queues = known
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A failure shows by itself: heartbeats grow old, and the store has a check of its own.
      await settledOrAborted(refresh(), stopping.signal)
      await delay(refreshMs, stopping.signal)
    }
  }

  return {
    name: 'pipeline view',
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
    see,
    refresh,
    queues: () => queues,
    heartbeats() {
      const nowMs = Date.now()
      return [...newest.values()].map((entry) => ({
        ...entry,
        ageSeconds: Math.max(0, nowMs - Date.parse(entry.time)) / 1000,
      }))
    },
  }
}
