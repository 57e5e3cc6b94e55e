import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { requestQueueName } from '../../../shared/messaging/names.ts'

/** Durable, and without a delivery limit: a request that several relays could not store must not be dropped. */
export async function declareRequestQueue(channel: AMQPChannel): Promise<void> {
  const fixed = { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 }
  await channel.queueDeclare(requestQueueName, { durable: true }, fixed)
}
