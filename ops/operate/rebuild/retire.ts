import type { AMQPClient } from '@cloudamqp/amqp-client'
import { cancelReplay, listReplays } from '../../../command/relay/replay/operations.ts'
import { parkedEvents } from '../../../query/projector/parking/parked-events.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import type { RebuildDeps } from './deps.ts'

/** MongoDB's NamespaceNotFound. */
const noCollection = 26

type OfGroup = { readonly _id: string; readonly group: string }

/**
 * Takes away what one generation had: replays under way for it, its queues, its collection and what was noted of it.
 * Nobody may feed or read it any more. May be repeated: what says which queues there are goes last.
 */
export async function retire(deps: RebuildDeps, { group, collection }: ReadModel): Promise<void> {
  const { collectionOf } = deps
  if (deps.sql) await cancelReplays(deps.sql, group)
  const queues = await collectionOf<OfGroup>('projector_queues').find({ group }).toArray()
  deps.onProgress('retire', `${queues.length} queues and the collection ${collection}`)
  const client = await deps.broker()
  for (const { _id: queue } of queues) await deleteQueue(client, queue)
  await collectionOf(collection)
    .drop()
    .catch((error: { code?: unknown }) => {
      if (error.code !== noCollection) throw error
    })
  await parkedEvents(collectionOf).deleteMany({ group })
  await collectionOf('event_attempts').deleteMany({ _id: { $gte: `${group}/`, $lt: `${group}0` } })
  await collectionOf<OfGroup>('projector_heartbeats').deleteMany({ group })
  await collectionOf('projector_tallies').deleteMany({ _id: { $in: queues.map(({ _id }) => _id) } })
  await collectionOf<OfGroup>('projector_queues').deleteMany({ group })
}

/** The relay would wait for the group's queues, and the log with it. It does no harm where this cannot be done. */
async function cancelReplays(sql: NonNullable<RebuildDeps['sql']>, group: string): Promise<void> {
  try {
    const open = await listReplays(sql, { finished: 0 })
    for (const { id } of open.filter((replay) => replay.group === group))
      await cancelReplay(sql, { id, by: 'the end of its generation' })
  } catch {
    // The relay gives it up by itself after a while.
  }
}

async function deleteQueue(client: AMQPClient, queue: string): Promise<void> {
  const channel = await client.channel()
  // Deleting a queue that is not there is no error.
  await channel.queueDelete(queue)
  await channel.close()
}
