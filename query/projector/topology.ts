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
import type { QueueRecords, ReplayReason } from './queue-records.ts'

/** One queue of a group: what one consumer works on. */
export interface PartitionOf {
  readonly model: ReadModel
  readonly partition: number
  readonly partitions: number
}

/** The part that says what a queue needs. */
export type NeedRecords = Pick<QueueRecords, 'queueOf' | 'noteUnknown' | 'noteLost' | 'noteDeclared'>

export const queueOf = ({ model, partition, partitions }: PartitionOf) =>
  queueName(model.group, partition, partitions)

/** Names of every queue that the read models have, on all partitions. */
export function allQueues(models: readonly ReadModel[], partitions: number): string[] {
  return models.flatMap((model) =>
    Array.from({ length: partitions }, (_, partition) => queueOf({ model, partition, partitions })),
  )
}

/**
 * Makes sure that the queue is there and bound. Looked at before it is declared: one that was here before and is
 * missing took events with it, and one that is here and not known to the store has given its events to another store.
 * Whatever a replay has to bring is noted before it is declared: after a crash in between, a queue that is there again
 * would hide the loss.
 * @returns why a replay is needed, where this call noticed it
 * @throws when the broker, the exchange (the relay declares it) or the store is not there
 */
export async function ensureQueue(
  connection: Connection,
  of: PartitionOf,
  records: NeedRecords,
): Promise<ReplayReason | undefined> {
  const name = { queue: queueOf(of), group: of.model.group, partition: of.partition }
  const reason = await noteNeed()
  await declare(connection, of)
  await records.noteDeclared(name.queue)
  return reason

  async function noteNeed(): Promise<ReplayReason | undefined> {
    if (await exists(connection, name.queue))
      return (await records.noteUnknown(name, 'store-lost')) ? 'store-lost' : undefined
    const known = await records.queueOf(name.queue)
    if (!known) return (await records.noteUnknown(name, 'first')) ? 'first' : undefined
    // Looked at again after asking: another replica may have declared it just now.
    if (known.isUndeclared || (await exists(connection, name.queue))) return undefined
    return (await records.noteLost(known)) ? 'queue-lost' : undefined
  }
}

/**
 * Makes a queue's bindings anew, with no moment without one. Binding again would not do: a binding that was made while
 * the exchange was deleted can be left in RabbitMQ's books and route nothing, and then counts as there.
 * @throws when queue, exchange or broker are not there
 */
export async function renewBindings(connection: Connection, of: PartitionOf): Promise<void> {
  const queue = queueOf(of)
  await onChannel(connection, async (channel) => {
    for (const { key, alike } of bindingsOf(of)) {
      await channel.queueBind(queue, exchangeName, alike)
      await channel.queueUnbind(queue, exchangeName, key)
      await channel.queueBind(queue, exchangeName, key)
      await channel.queueUnbind(queue, exchangeName, alike)
    }
  })
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

async function bind(channel: AMQPChannel, of: PartitionOf): Promise<void> {
  for (const { key } of bindingsOf(of)) await channel.queueBind(queueOf(of), exchangeName, key)
}

/** `alike` is another pattern for the same messages; a queue that both fit gets each message once. */
function bindingsOf({ model, partition, partitions }: PartitionOf) {
  const events = aggregateBinding(model.handles.aggregate, partition, partitions)
  const heartbeats = heartbeatRoutingKey(partition, partitions)
  return [
    { key: events, alike: events.replace(/#$/, '*.#') },
    { key: heartbeats, alike: heartbeats.replace(/[^.]+$/, '*') },
  ]
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
