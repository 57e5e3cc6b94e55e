import type { Heartbeat } from '../../../shared/messaging/names.ts'
import type { ReplayMarker } from '../../../shared/messaging/replay.ts'
import type { CollectionOf } from '../collection-of.ts'
import type { Done, Inspector } from '../consumer.ts'
import { heartbeatOrder } from '../heartbeat-records.ts'
import type { PipelineView } from '../pipeline-view.ts'
import { Poison } from '../prepare.ts'
import type { ProjectorRecords } from '../records.ts'
import { queueOf, type PartitionOf } from '../topology.ts'
import { hasArrived } from './arrival.ts'
import type { QueueTally } from './tallies.ts'
import { createWitness, type Finding, type Witness } from './witness.ts'

export interface InspectorOptions {
  readonly of: PartitionOf
  readonly records: ProjectorRecords
  readonly view: PipelineView
  readonly collectionOf: CollectionOf
  /** With events waiting and none confirmed for so long the fault may be this queue's. */
  readonly quietMs: number
  /** Told when that is so: the relay waits, and its heartbeats come through. */
  readonly onStuck: () => void
  /** Told when events turn out to be missing, and this is news. */
  readonly onMissing: () => void
  /** Told when a replay has brought everything that was asked for. */
  readonly onFilled: (marker: ReplayMarker) => void
}

type Note = () => Promise<unknown>

/** A replay that goes on says so this often. */
const progressIntervalMs = 5_000

/**
 * What a subscription's messages tell about the pipeline, noted in the store before they are acknowledged: heartbeats
 * that came through, events that are missing, a replay that has ended, and how many events came. Each time: what is
 * acknowledged and not counted would be missed by whoever consumes the queue next.
 */
export function createInspector(options: InspectorOptions): Inspector {
  const { of, records, view } = options
  const names = { queue: queueOf(of), group: of.model.group, partition: of.partition }
  let witness: Witness | undefined
  /** What it goes on from. */
  let counted: QueueTally | undefined
  let confirmed = { cursor: -1, sinceMs: 0 }
  let progressAtMs = Number.NEGATIVE_INFINITY
  /** Proven to be complete up to here; undefined before the store was asked. */
  let seen: number | undefined

  return (items) => {
    let notes: Note[] | undefined
    return async () => {
      counted ??= await records.tallyOf(names.queue)
      witness ??= createWitness(counted.tally)
      notes ??= take(items, witness, counted)
      // Those that are done are not done again when a later one fails.
      for (; notes.length > 0; notes.shift()) await notes[0]!()
    }
  }

  function take(items: Done['items'], by: Witness, { losses, tally: before }: QueueTally): Note[] {
    const notes: Note[] = []
    by.begin()
    for (const item of items) {
      if (item instanceof Poison) {
        by.blur()
        continue
      }
      switch (item.kind) {
        case 'event': {
          const { replay } = item
          if (replay === undefined) by.saw(item.event.seq)
          else if (performance.now() - progressAtMs > progressIntervalMs) {
            progressAtMs = performance.now()
            notes.push(() => records.noteProgress(names.queue, replay))
          }
          break
        }
        case 'heartbeat': {
          const { heartbeat } = item
          const last = heartbeat.last?.[of.model.handles.aggregate]
          watchRelay(heartbeat)
          const finding = by.judge({ last, term: heartbeat.term, cursor: heartbeat.cursor })
          notes.push(() => noteHeartbeat(heartbeat, finding))
          break
        }
        case 'marker': {
          const { marker } = item
          notes.push(() => noteMarker(marker))
          break
        }
        default:
          item satisfies never
      }
    }
    const { tally } = by
    // Last, so that a finding is made again where this process ends before it is noted.
    if (tally !== before) {
      counted = { losses, tally }
      notes.push(() => records.noteTally(names.queue, { losses, tally }))
    }
    return notes
  }

  /** Where no queue takes the events, but this one the heartbeats, its one binding may be gone and the other not. */
  function watchRelay({ head, cursor, paused }: Heartbeat): void {
    const nowMs = performance.now()
    const isWaiting = head > cursor && cursor === confirmed.cursor && !paused
    if (!isWaiting) confirmed = { cursor, sinceMs: nowMs }
    else if (nowMs - confirmed.sinceMs > options.quietMs) {
      confirmed.sinceMs = nowMs
      options.onStuck()
    }
  }

  /** Everything before it on this partition is in the store: that is what it proves, where nothing is missing. */
  async function noteHeartbeat(heartbeat: Heartbeat, finding: Finding): Promise<void> {
    const { time, head, cursor } = heartbeat
    const isComplete = await check(finding)
    if (isComplete) seen = Math.max(seen ?? 0, cursor)
    const seenTo = isComplete ? cursor : undefined
    const entry = { ...names, time, head, cursor, order: heartbeatOrder(heartbeat), seen: seenTo }
    view.see(entry)
    await records.noteHeartbeat(entry)
  }

  /** @returns whether it is proven that everything came */
  async function check(finding: Finding): Promise<boolean> {
    switch (finding.kind) {
      case 'arrived':
        return true
      case 'nothing-said':
      case 'amid':
        return false
      case 'missing':
        await noteMissing({ seq: finding.after, certain: true })
        return false
      case 'unsure': {
        seen ??= (await records.heartbeatOf(names.queue))?.seen
        const { last } = finding
        if (seen !== undefined && last.seq <= seen) return true
        const arrived = await hasArrived(last, options)
        if (arrived === false) await noteMissing({ seq: seen, certain: false })
        return arrived === true
      }
      default:
        return finding satisfies never
    }
  }

  async function noteMissing(what: { seq: number | undefined; certain: boolean }): Promise<void> {
    if (await records.noteMissing(names.queue, what)) options.onMissing()
  }

  async function noteMarker(marker: ReplayMarker): Promise<void> {
    const known = await records.queueOf(names.queue)
    if (!known?.replay?.requests.includes(marker.request)) return
    seen = Math.max(seen ?? 0, marker.head)
    await records.noteSeen(names.queue, marker.head)
    if (await records.noteFilled(names.queue, marker.request)) options.onFilled(marker)
  }
}
