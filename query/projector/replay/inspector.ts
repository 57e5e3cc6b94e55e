import type { Heartbeat } from '../../../shared/messaging/names.ts'
import type { Inspector } from '../consumer.ts'
import type { PipelineView } from '../pipeline-view.ts'
import type { HeartbeatRecords } from '../records.ts'
import { queueOf, type PartitionOf } from '../topology.ts'

export interface InspectorOptions {
  readonly of: PartitionOf
  readonly records: HeartbeatRecords
  readonly view: PipelineView
}

/** What a subscription's messages tell about the pipeline, noted in the store before they are acknowledged. */
export function createInspector({ of, records, view }: InspectorOptions): Inspector {
  const names = { queue: queueOf(of), group: of.model.group, partition: of.partition }

  /** Everything before it on this partition is in the store: that is what it proves. */
  async function note(heartbeats: readonly Heartbeat[]): Promise<void> {
    for (const { time, head, cursor } of heartbeats) {
      const entry = { ...names, time, head, cursor }
      view.see(entry)
      await records.noteHeartbeat(entry)
    }
  }

  return ({ prepared }) => {
    const heartbeats = prepared.flatMap((item) => (item.kind === 'heartbeat' ? [item.heartbeat] : []))
    return heartbeats.length > 0 ? () => note(heartbeats) : undefined
  }
}
