import { partitionOf } from '../../../shared/messaging/partition.ts'
import { aggregateNamed } from '../aggregates.ts'
import type { Connections } from '../connections.ts'
import { readBroker, type QueueState } from '../look/queues.ts'
import { readReadSide, type SeenHeartbeat } from '../look/read-side.ts'
import type { ReplayState } from '../look/replays.ts'
import { readWriteSide, type Paused, type RelayState } from '../look/write-side.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { conclude, newestVersion, type Conclusion } from './conclusion.ts'
import { traceProjected, traceWritten, type ProjectedTrace, type WrittenTrace } from './evidence.ts'

/** One aggregate's way from its row to every document that is made of it. Holds ids and versions, no data. */
export interface Trace {
  readonly aggregate: string
  readonly id: string
  readonly partition: number
  /** The worst of the documents'. */
  readonly conclusion: Conclusion
  readonly written: WrittenTrace
  readonly relay: RelayState & { readonly cursor: number; readonly backlogEvents: number }
  readonly documents: readonly TracedDocument[]
  readonly projectorPaused: Paused | undefined
  readonly replays: readonly ReplayState[]
}

export interface TracedDocument extends ProjectedTrace {
  readonly conclusion: Conclusion
  /** Undefined where the broker could not be asked. */
  readonly queue: QueueState | undefined
  readonly heartbeat: SeenHeartbeat | undefined
}

/**
 * Why is this one stale? Needs both databases; a broker that is away is one of the answers.
 * @throws UsageError for an aggregate or an id that cannot be
 */
export async function trace(connections: Connections, name: string, givenId: string): Promise<Trace> {
  const aggregate = aggregateNamed(name)
  const id = givenId.toLowerCase()
  const partition = partitionOf(id, connections.places.partitions)
  let written = await traceWritten(connections.sql, aggregate, id)
  const writeSide = await readWriteSide(connections.sql)
  const readSide = await readReadSide(connections)
  const models = readSide.models.filter((model) => model.aggregate === name)
  const broker = await readBroker(connections, models, [partition]).catch(unlessUsage)
  const projected = await traceProjected(connections.collectionOf, models, {
    aggregate: name,
    id,
    newestVersion: newestVersion(written),
  })
  // Committed and applied while we looked: that must not look like a document that is ahead.
  if (projected.some(({ version = 0 }) => version > newestVersion(written)))
    written = await traceWritten(connections.sql, aggregate, id)
  const documents = projected.map((document): TracedDocument => {
    const queue = broker?.queues.find(({ group }) => group === document.group)
    const conclusion = conclude({ written, writeSide, projected: document, readSide, queue })
    return { ...document, conclusion, queue, heartbeat: queue && readSide.heartbeats[queue.queue] }
  })
  return {
    aggregate: name,
    id,
    partition,
    conclusion: worst(documents),
    written,
    relay: { ...writeSide.relay, cursor: writeSide.log.cursor, backlogEvents: writeSide.backlog.events },
    documents,
    projectorPaused: readSide.paused,
    replays: writeSide.replays.filter(({ phase }) => !['done', 'failed'].includes(phase)),
  }
}

function unlessUsage(error: unknown): undefined {
  if (error instanceof UsageError) throw error
}

const severity: readonly Conclusion['state'][] = ['current', 'unknown', 'behind', 'ahead']

function worst(documents: readonly TracedDocument[]): Conclusion {
  const found = documents.map(({ conclusion }) => conclusion)
  return found.reduce(
    (worse, one) => (severity.indexOf(one.state) > severity.indexOf(worse.state) ? one : worse),
    found[0] ?? { state: 'unknown', text: 'no read model is made of this aggregate' },
  )
}
