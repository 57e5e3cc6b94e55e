import { encodeEnvelope, type OutboxRecord } from '../../../shared/events/envelope.ts'
import { eventContentType, queueName, replayHeader } from '../../../shared/messaging/names.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { replayMarkerType, type ReplayMarker } from '../../../shared/messaging/replay.ts'
import type { Message } from '../publisher.ts'
import type { ReplayGroup } from './groups.ts'
import type { ReplaySource } from './source.ts'
import type { OpenReplay, StateRow } from './store.ts'

/**
 * A message to one queue of the group, by its name: nobody else gets it. Apart from that and the header it is what the
 * queue's binding brings, so consumers need to know nothing of replays.
 */
export type ReplayMessage = Message & { readonly exchange: ''; readonly partition: number }

/** Rows of the log → the messages that some replay of the group wants, with the events' own ids. */
export function logMessages(rows: readonly OutboxRecord[], group: ReplayGroup): ReplayMessage[] {
  const messages: ReplayMessage[] = []
  for (const row of rows) {
    const to = addressOf(row.aggregateid, group)
    if (!to) continue
    const { id, type } = row
    messages.push({ ...to, id, type, contentType: eventContentType, body: encodeEnvelope(row) })
  }
  return messages
}

/**
 * Rows of the state → snapshot events at the rows' versions, as if they had just happened.
 *
 * Live events go on meanwhile, and may reach the queue before or after a snapshot that is older or newer than they
 * are. The version decides: a row read at version v holds everything up to v, so a live event above v replaces it,
 * whichever comes first, and one up to v is skipped after it or replaced by it. A row that is deleted after it was
 * read has a delete at v + 1, and one that is made after the read went past its id an event of its own: both are
 * above the head that the replay began with, and come live, since the queue was bound before the replay was asked for.
 */
export function snapshotMessages(
  rows: readonly StateRow[],
  source: ReplaySource,
  group: ReplayGroup,
): ReplayMessage[] {
  const records = rows.map(({ id, version, payload, head, readAt }): OutboxRecord => ({
    seq: head,
    id: Bun.randomUUIDv7(),
    aggregatetype: source.aggregate,
    aggregateid: id,
    type: source.snapshotType,
    version,
    payload,
    headers: '{}',
    occurred_at: readAt,
  }))
  return logMessages(records, group)
}

/** One for each partition that each replay asked for. */
export function markerMessages(
  { members }: ReplayGroup,
  { sent, head, now }: { sent: number; head: number; now: string },
): ReplayMessage[] {
  return members.flatMap((replay) => {
    const partitions = replay.only ?? Array.from({ length: replay.partitions }, (_, index) => index)
    return partitions.map((partition): ReplayMessage => {
      const { id: request } = replay
      const marker: ReplayMarker = { type: replayMarkerType, request, partition, sent, time: now, head }
      return {
        ...address(replay, partition),
        id: crypto.randomUUID(),
        type: replayMarkerType,
        contentType: 'application/json',
        body: JSON.stringify(marker),
      }
    })
  })
}

/** The queues that get something. */
export function queuesOf({ members: [first], only }: ReplayGroup): string[] {
  const { group, partitions } = first!
  const wanted = only ?? Array.from({ length: partitions }, (_, index) => index)
  return [...wanted].map((partition) => queueName(group, partition, partitions))
}

function addressOf(aggregateId: string, { members, only }: ReplayGroup) {
  const { partitions } = members[0]!
  const partition = partitionOf(aggregateId, partitions)
  if (only && !only.has(partition)) return undefined
  const owner = members.find((replay) => replay.only?.includes(partition) ?? true)
  return address(owner ?? members[0]!, partition)
}

function address({ id, group, partitions }: OpenReplay, partition: number) {
  const routingKey = queueName(group, partition, partitions)
  return { exchange: '', routingKey, partition, headers: { [replayHeader]: id } } as const
}
