import type { AMQPChannel } from '@cloudamqp/amqp-client'
import {
  aggregateBinding,
  exchangeName,
  heartbeatRoutingKey,
  queueName,
} from '../../shared/messaging/names.ts'
import { withTimeout } from '../../shared/process/backoff.ts'
import { answerTimeoutMs, closeChannel, onChannelLost, type Connection } from './broker.ts'
import type { ReadModel } from './read-model.ts'
import type { QueueRecords } from './records.ts'

/** One queue of a group: what one consumer works on. */
export interface PartitionOf {
  readonly model: ReadModel
  readonly partition: number
  readonly partitions: number
}

export const queueOf = ({ model, partition, partitions }: PartitionOf) =>
  queueName(model.group, partition, partitions)

/** Names of every queue that the read models have, on all partitions. */
export function allQueues(models: readonly ReadModel[], partitions: number): string[] {
  return models.flatMap((model) =>
    Array.from({ length: partitions }, (_, partition) => queueOf({ model, partition, partitions })),
  )
}

/**
 * Makes sure that the queue is there and bound. Looked at before it is declared: a durable queue that was here before
 * and is missing took events with it that this group will never see.
 * @returns `lost` when that is so, also noted in the store for everyone to see
 * @throws when the broker, the exchange (the relay declares it) or, for a missing queue, the store is not there
 */
export async function ensureQueue(
  connection: Connection,
  of: PartitionOf,
  records: QueueRecords,
): Promise<'present' | 'first' | 'lost'> {
  const queue = queueOf(of)
  let found: 'present' | 'first' | 'lost' = 'present'
  if (!(await exists(connection, queue))) {
    found = 'first'
    // Looked at again after asking: another replica may have declared it, and noted what there was to note.
    if ((await records.isKnown(queue)) && !(await exists(connection, queue))) {
      found = 'lost'
      // Noted before it is declared: after a crash in between, a queue that is there again would hide the loss.
      await records.noteLost(queue)
    }
  }
  await declare(connection, of)
  if (found !== 'present' || !(await records.isKnown(queue)))
    await records.noteDeclared({ queue, group: of.model.group, partition: of.partition })
  return found
}

/** Binds a queue again, which is harmless when it is bound. @throws when queue, exchange or broker are not there */
export async function bindQueue(connection: Connection, of: PartitionOf): Promise<void> {
  await onChannel(connection, (channel) => bind(channel, of))
}

function declare(connection: Connection, of: PartitionOf): Promise<void> {
  return onChannel(connection, async (channel) => {
    // Only what can never change, since another argument would be refused with 406; the rest is a policy's.
    // No delivery limit: orderly closes and crashes count for every prefetched message, and would drop innocents.
    await channel.queueDeclare(
      queueOf(of),
      { durable: true },
      { 'x-queue-type': 'quorum', 'x-single-active-consumer': true, 'x-delivery-limit': -1 },
    )
    await bind(channel, of)
  })
}

async function bind(channel: AMQPChannel, { model, partition, partitions }: PartitionOf): Promise<void> {
  const queue = queueName(model.group, partition, partitions)
  await channel.queueBind(
    queue,
    exchangeName,
    aggregateBinding(model.handles.aggregate, partition, partitions),
  )
  await channel.queueBind(queue, exchangeName, heartbeatRoutingKey(partition, partitions))
}

async function exists(connection: Connection, queue: string): Promise<boolean> {
  try {
    await onChannel(connection, (channel) => channel.queueDeclare(queue, { passive: true }))
    return true
  } catch (error) {
    if (error instanceof Error && error.message.includes('(404)')) return false
    throw error
  }
}

/** On a channel of its own: a refusal closes the channel, and must not take a consumer with it. */
async function onChannel(
  connection: Connection,
  work: (channel: AMQPChannel) => Promise<unknown>,
): Promise<void> {
  const channel = await connection.channel()
  onChannelLost(channel, () => {})
  try {
    await withTimeout(work(channel), answerTimeoutMs, 'the broker')
  } finally {
    await closeChannel(channel)
  }
}
