import { AMQPClient } from '@cloudamqp/amqp-client'
import {
  eventContentType,
  eventRoutingKey,
  exchangeName,
  heartbeatRoutingKey,
  heartbeatType,
  queueName,
  replayHeader,
  requestQueueName,
  type Heartbeat,
} from '../../../shared/messaging/names.ts'
import { declareRequestQueue } from '../../../shared/messaging/request-queue.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import {
  parseReplayRequest,
  replayMarkerType,
  type ReplayMarker,
  type ReplayRequest,
} from '../../../shared/messaging/replay.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { encodeThing, type ThingEvent } from './things.ts'

/** Stands in for the relay, which the projector's tests must not import: publishes what it is told, confirmed. */
export async function createRelay(url: string, partitions: number) {
  const client = new AMQPClient(url)
  await client.connect()
  const channel = await client.channel()
  await channel.confirmSelect()
  await channel.exchangeDeclare(exchangeName, 'topic', { durable: true })
  const returned = new Set<string | undefined>()
  channel.onReturn = ({ properties }) => void returned.add(properties.correlationId)

  interface Properties {
    readonly type?: string
    readonly messageId?: string
    readonly headers?: Record<string, string>
  }

  async function send(exchange: string, key: string, body: string, properties: Properties): Promise<void> {
    const correlationId = crypto.randomUUID()
    const all = { ...properties, correlationId, deliveryMode: 2, contentType: eventContentType }
    await channel.basicPublish(exchange, key, body, all, true)
    // A return precedes its ack, which resolves all the same.
    if (returned.delete(correlationId)) throw new Error(`no queue for ${key}`)
  }

  return {
    channel,
    /** Confirmed by the broker, in this order. */
    async publish(events: readonly ThingEvent[]) {
      await Promise.all(
        events.map((event) => {
          const { type, body, messageId } = encodeThing(event)
          const key = eventRoutingKey(type, partitionOf(event.id, partitions), partitions)
          return send(exchangeName, key, body, { type, messageId })
        }),
      )
    },
    /** Anything, as a foreign publisher could send it. */
    foreign: (partition: number, body: string, properties: Properties) =>
      send(exchangeName, eventRoutingKey('things.thing.stored.v1', partition, partitions), body, properties),
    async heartbeat(partition: number, more: Partial<Heartbeat> = {}) {
      const time = new Date().toISOString()
      const body: Heartbeat = { type: heartbeatType, time, head: 7, cursor: 7, ...more }
      const key = heartbeatRoutingKey(partition, partitions)
      await send(exchangeName, key, JSON.stringify(body), { type: heartbeatType })
    },
    /** From now on requests for a replay are taken. */
    async takeRequests() {
      await declareRequestQueue(channel)
    },
    /** @returns undefined when there is none */
    async request(): Promise<ReplayRequest | undefined> {
      const message = await channel.basicGet(requestQueueName, { noAck: true })
      return message ? parseReplayRequest(message.body!) : undefined
    },
    /** Waits for one. */
    nextRequest(): Promise<ReplayRequest> {
      return waitFor(() => this.request(), { timeoutMs: 20_000, what: 'a request for a replay' })
    },
    /** Answers a request with these events, to the queues alone, and the markers behind them. */
    async replay(request: ReplayRequest, events: readonly ThingEvent[] = [], head = 0) {
      const queue = (partition: number) => queueName(request.group, partition, partitions)
      const wanted = request.only ?? Array.from({ length: partitions }, (_, partition) => partition)
      const headers = { [replayHeader]: request.id }
      for (const event of events) {
        const { type, body, messageId } = encodeThing(event)
        await send('', queue(partitionOf(event.id, partitions)), body, { type, messageId, headers })
      }
      for (const partition of wanted) {
        const marker: ReplayMarker = {
          type: replayMarkerType,
          request: request.id,
          partition,
          sent: events.length,
          time: new Date().toISOString(),
          head,
        }
        await send('', queue(partition), JSON.stringify(marker), { type: replayMarkerType })
      }
    },
    close: () => client.close(),
  }
}
