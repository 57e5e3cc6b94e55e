import type { AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { aggregateBinding, exchangeName, queueName } from '../../../shared/messaging/names.ts'
import { PARTITIONS } from '../rows/documents.ts'
import { Incomplete } from './comparison.ts'

const BEATS = 'bench-beats'
const END = 'end'

/** The harness's own look at the broker. */
export class Broker {
  private constructor(
    private readonly client: AMQPClient,
    private readonly channel: AMQPChannel,
  ) {}

  static async connect(url: string): Promise<Broker> {
    const client = await connectAmqp({ url, name: 'bench', timeoutMs: 10_000 })
    return new Broker(client, await client.channel())
  }

  /** The exchange, and one durable quorum queue a partition, bound as a read-side group's are. @returns their names */
  async declareQueues(group: string): Promise<string[]> {
    await this.channel.exchangeDeclare(exchangeName, 'topic', { durable: true })
    const queues = queuesOf(group)
    for (const [partition, queue] of queues.entries()) {
      await this.declareQueue(queue)
      await this.channel.queueBind(queue, exchangeName, aggregateBinding('users', partition, PARTITIONS))
    }
    // Without a taker of its heartbeats a relay is not ready; here they go where they are in nobody's way.
    await this.channel.queueDeclare(
      BEATS,
      { durable: true },
      { 'x-queue-type': 'quorum', 'x-max-length': 100 },
    )
    await this.channel.queueBind(BEATS, exchangeName, 'relay.#')
    return queues
  }

  async declareQueue(queue: string): Promise<void> {
    await this.channel.queueDeclare(queue, { durable: true }, { 'x-queue-type': 'quorum' })
  }

  /** Of the queue's name, for who cannot send to a queue directly. */
  async declareExchange(queue: string): Promise<void> {
    await this.channel.exchangeDeclare(queue, 'direct', { durable: true })
    await this.channel.queueBind(queue, queue, queue)
  }

  async depths(queues: readonly string[]): Promise<{ messages: number; consumers: number }> {
    let [messages, consumers] = [0, 0]
    for (const queue of queues) {
      const found = await this.channel.queueDeclare(queue, { passive: true })
      messages += found.messageCount
      consumers += found.consumerCount
    }
    return { messages, consumers }
  }

  async purge(queues: readonly string[]): Promise<void> {
    for (const queue of queues) await this.channel.queuePurge(queue)
  }

  /**
   * Takes everything out of the queues, and looks whether it is exactly these events, each once and in order.
   * @param order place of a message in the backlog, by its id; undefined where it does not belong there
   * @throws Incomplete
   */
  async checkAll(
    queues: readonly string[],
    count: number,
    order: (messageId: string) => number | undefined,
    patienceMs = 60_000 + count / 5,
  ): Promise<void> {
    const seen = new Set<number>()
    const channel = await this.client.channel()
    const all = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const wrong = (what: string) => {
      for (const one of [all, end]) one.reject(new Incomplete(what))
    }
    // Whichever comes first holds, also before somebody waits for it.
    for (const { promise } of [all, end]) promise.catch(() => {})
    const late = setTimeout(() => wrong(`${count - seen.size} of ${count} events did not come`), patienceMs)
    let open = queues.length
    try {
      await channel.basicQos(2_000)
      for (const queue of queues) {
        let last = -1
        await channel.basicConsume(queue, { noAck: false }, (message) => {
          // Of one that comes after the channel was closed.
          message.ack().catch(() => {})
          const { messageId = '' } = message.properties
          if (messageId === END && --open === 0) end.resolve()
          const place = order(messageId)
          if (place === undefined) return
          if (seen.has(place)) wrong(`event ${place} came twice`)
          if (place < last) wrong(`event ${place} came after ${last}`)
          last = place
          seen.add(place)
          if (seen.size === count) all.resolve()
        })
      }
      if (count > 0) await all.promise
      // What is behind the last of them in a queue comes before this.
      for (const queue of queues) await channel.basicPublish('', queue, '', { messageId: END })
      await end.promise
    } finally {
      clearTimeout(late)
      await channel.close()
    }
  }

  async close(): Promise<void> {
    await this.client.close().catch(() => {})
  }
}

export const queuesOf = (group: string): string[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => queueName(group, partition, PARTITIONS))
