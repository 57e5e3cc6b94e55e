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
  /**
   * For how long this process has known of none that is newer, by a clock that never steps; at most since its start. The
   * relay's clock has no say: ahead by an hour, it would hide an hour of silence.
   */
  readonly ageSeconds: number
}

interface Known {
  readonly entry: HeartbeatEntry
  readonly sinceMs: number
}

const refreshMs = 2_000
const timeoutMs = 5_000

export function createPipelineView(
  records: Pick<ProjectorRecords, 'heartbeats' | 'queues'>,
  nowMs = () => performance.now(),
): PipelineView {
  const stopping = new AbortController()
  const newest = new Map<string, Known>()
  const startedAtMs = nowMs()
  let isFirst = true
  let queues: readonly QueueEntry[] = []
  let running: Promise<void> | undefined

  function see(entry: HeartbeatEntry): void {
    note(entry, nowMs())
  }

  function note(entry: HeartbeatEntry, sinceMs: number): void {
    const known = newest.get(entry.queue)?.entry
    if (known === undefined || isNews(known, entry)) newest.set(entry.queue, { entry, sinceMs })
  }

  async function refresh(): Promise<void> {
    const reading = Promise.all([records.heartbeats(), records.queues()])
    const [heartbeats, known] = await withTimeout(reading, timeoutMs, 'reading the records')
    // What was there at the first look may be of any age.
    for (const entry of heartbeats) note(entry, isFirst ? startedAtMs : nowMs())
    isFirst = false
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
      return [...newest.values()].map(({ entry, sinceMs }) => ({
        ...entry,
        ageSeconds: Math.max(0, nowMs() - sinceMs) / 1_000,
      }))
    },
  }
}

/** A process of an older version moves the time alone, and only ahead. */
const isNews = (known: HeartbeatEntry, { order, time }: HeartbeatEntry) =>
  order > known.order || (order === known.order && time > known.time)
