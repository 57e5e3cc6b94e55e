import { encodeEnvelope, type OutboxRecord } from '../../shared/events/envelope.ts'
import { eventContentType, eventRoutingKey } from '../../shared/messaging/names.ts'
import { partitionOf } from '../../shared/messaging/partition.ts'
import type { Message } from './publisher.ts'

export interface EventMessage extends Message {
  readonly seq: number
  readonly partition: number
  readonly aggregate: string
  readonly aggregateId: string
  readonly version: number
}

/** One outbox row as its message: its id is the event's, so that a message sent again is recognised. */
export function eventMessage(row: OutboxRecord, partitions: number): EventMessage {
  const partition = partitionOf(row.aggregateid, partitions)
  return {
    seq: row.seq,
    partition,
    aggregate: row.aggregatetype,
    aggregateId: row.aggregateid,
    version: row.version,
    id: row.id,
    type: row.type,
    routingKey: routingKey(row.type, partition, partitions),
    contentType: eventContentType,
    body: encodeEnvelope(row),
  }
}

/** A handful of event types times the partitions: worth keeping, since a key is made for every event. */
const routingKeys = new Map<string, string>()

function routingKey(type: string, partition: number, partitions: number): string {
  const name = `${type}/${partition}/${partitions}`
  let key = routingKeys.get(name)
  if (key === undefined) routingKeys.set(name, (key = eventRoutingKey(type, partition, partitions)))
  return key
}
