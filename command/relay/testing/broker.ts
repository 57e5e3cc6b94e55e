import type { AMQPMessage } from '@cloudamqp/amqp-client'
import { aggregateBinding, exchangeName, heartbeatRoutingKey } from '../../../shared/messaging/names.ts'
import { parseHeartbeat } from '../../../shared/messaging/heartbeat.ts'
import { heartbeatType, type Heartbeat } from '../../../shared/messaging/names.ts'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'

/** The broker as a read-side group sees it. */
export interface TestBroker {
  /** Declares a queue for everything, by one binding, so that it is there for all messages or for none. */
  queue(name: string, options?: QueueOptions): Promise<TestQueue>
  deleteExchange(): Promise<void>
  /** To one queue, by its name. */
  send(queue: string, body: string): Promise<void>
  close(): Promise<void>
}

export interface QueueOptions {
  /** Instead of everything. */
  readonly bindings?: readonly string[]
  readonly arguments?: Readonly<Record<string, unknown>>
}

export interface TestQueue {
  /** Everything taken so far, heartbeats apart, in order; taking begins at the first call of `take`. */
  readonly events: readonly ReceivedEvent[]
  readonly heartbeats: readonly ReceivedHeartbeat[]
  take(): Promise<void>
  /** Messages that nobody took. */
  depth(): Promise<number>
  delete(): Promise<void>
}

export interface ReceivedHeartbeat extends Heartbeat {
  readonly partition: number
}

export interface ReceivedEvent {
  readonly id: string
  readonly aggregateId: string
  readonly version: number
  readonly seq: number
  readonly message: AMQPMessage
}

/** Events and heartbeats of some of eight partitions, as a group binds them. */
export const partitionBindings = (partitions: readonly number[]) =>
  partitions.flatMap((partition) => [
    aggregateBinding('users', partition, 8),
    heartbeatRoutingKey(partition, 8),
  ])

export async function testBroker(url: string): Promise<TestBroker> {
  const client = await connectAmqp({ url, name: 'test', timeoutMs: 10_000 })
  const main = await client.channel()
  await main.exchangeDeclare(exchangeName, 'topic', { durable: true })

  return {
    async queue(name, options = {}) {
      // A channel of its own: an error closes it, and must not close the others'.
      const channel = await client.channel()
      await channel.queueDeclare(name, { durable: true }, { 'x-queue-type': 'quorum', ...options.arguments })
      for (const binding of options.bindings ?? ['#']) await channel.queueBind(name, exchangeName, binding)
      const events: ReceivedEvent[] = []
      const heartbeats: ReceivedHeartbeat[] = []
      return {
        events,
        heartbeats,
        async take() {
          await channel.basicConsume(name, { noAck: true }, (message) => {
            if (message.properties.type !== heartbeatType) events.push(receivedEvent(message))
            else heartbeats.push(receivedHeartbeat(message))
          })
        },
        depth: async () => (await channel.queueDeclare(name, { passive: true })).messageCount,
        async delete() {
          await channel.queueDelete(name)
        },
      }
    },
    async send(queue, body) {
      await main.basicPublish('', queue, body)
    },
    deleteExchange: () => main.exchangeDelete(exchangeName),
    close: () => client.close(),
  }
}

function receivedEvent(message: AMQPMessage): ReceivedEvent {
  const envelope = JSON.parse(message.bodyString()!)
  return {
    id: message.properties.messageId!,
    aggregateId: envelope.subject,
    version: Number(envelope.sequence),
    seq: Number(envelope.logseq),
    message,
  }
}

function receivedHeartbeat(message: AMQPMessage): ReceivedHeartbeat {
  const heartbeat = parseHeartbeat(message.body!)
  return { ...heartbeat, partition: Number(/p(\d+)of/.exec(message.routingKey)![1]) }
}
