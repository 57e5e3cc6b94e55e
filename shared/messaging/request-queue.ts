import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { requestExchangeName, requestQueueName } from './names.ts'

/** Durable, and without a delivery limit: a request that several relays could not store must not be dropped. */
export async function declareRequestQueue(channel: AMQPChannel): Promise<void> {
  const fixed = { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 }
  await channel.queueDeclare(requestQueueName, { durable: true }, fixed)
  await channel.queueBind(requestQueueName, requestExchangeName, requestQueueName)
}
