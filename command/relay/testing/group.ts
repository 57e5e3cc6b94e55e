import type { AMQPChannel, AMQPMessage } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { aggregateBinding, exchangeName, heartbeatRoutingKey } from '../../../shared/messaging/names.ts'
import { heartbeatType, queueName, replayHeader } from '../../../shared/messaging/names.ts'
import { parseReplayMarker, replayMarkerType, type ReplayMarker } from '../../../shared/messaging/replay.ts'
import type { ReplayRequest } from '../../../shared/messaging/replay.ts'
import { requestReplay } from '../../../shared/messaging/request-replay.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { parseEnvelope } from '../../../shared/events/catalogue.ts'

export const partitions = 8

/** A read-side group of `users`, as its projector would keep it: one document per user, behind the version gate. */
export interface TestGroup {
  readonly name: string
  /** By user, its state: `data` is undefined after a delete. */
  readonly documents: ReadonlyMap<string, { readonly version: number; readonly data: unknown }>
  readonly markers: readonly ReplayMarker[]
  /** Everything taken, heartbeats apart, in order per queue. */
  readonly taken: readonly TakenMessage[]
  declare(only?: readonly number[]): Promise<void>
  deleteQueue(partition: number): Promise<void>
  /** Takes whatever comes from now on. */
  consume(): Promise<void>
  /** Takes what is there now. @returns how much that was */
  pull(only?: readonly number[]): Promise<number>
  /** @returns the request's id */
  ask(request?: Partial<ReplayRequest>): Promise<string>
  close(): Promise<void>
}

export interface TakenMessage {
  readonly partition: number
  readonly type: string
  readonly seq: number
  readonly replay: string | undefined
}

export async function testGroup(url: string, name: string): Promise<TestGroup> {
  const client = await connectAmqp({ url, name: 'test group', timeoutMs: 10_000 })
  const channel = await client.channel()
  const documents = new Map<string, { version: number; data: unknown }>()
  const markers: ReplayMarker[] = []
  const taken: TakenMessage[] = []
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const queueOf = (partition: number) => queueName(name, partition, partitions)

  function take(partition: number, { properties, body }: AMQPMessage): void {
    const { type = '', headers } = properties
    if (type === heartbeatType) return
    const replay = headers?.[replayHeader] as string | undefined
    if (type === replayMarkerType) {
      markers.push(parseReplayMarker(body!))
      return void taken.push({ partition, type, seq: 0, replay })
    }
    const { subject, sequence, logseq, data } = parseEnvelope(body!)
    taken.push({ partition, type, seq: Number(logseq), replay })
    const version = Number(sequence)
    if (version <= (documents.get(subject)?.version ?? 0)) return
    const { changed: _, ...state } = data as Record<string, unknown>
    documents.set(subject, { version, data: /\.deleted\.v\d+$/.test(type) ? undefined : state })
  }

  return {
    name,
    documents,
    markers,
    taken,
    async declare(only = all) {
      for (const partition of only) await declareQueue(channel, queueOf(partition), partition)
    },
    async deleteQueue(partition) {
      await channel.queueDelete(queueOf(partition))
    },
    async consume() {
      await channel.prefetch(500)
      for (const partition of all)
        // Acknowledged also because the broker gives up a client that is sent much and never says anything.
        await channel.basicConsume(queueOf(partition), { noAck: false }, (message) => {
          take(partition, message)
          return message.ack()
        })
    },
    async pull(only = all) {
      let count = 0
      for (const partition of only)
        for (;;) {
          const message = await channel.basicGet(queueOf(partition))
          if (!message) break
          take(partition, message)
          count++
        }
      return count
    },
    async ask(request = {}) {
      const asking = await client.channel()
      const whole: Omit<ReplayRequest, 'type'> = {
        id: crypto.randomUUID(),
        group: name,
        aggregate: 'users',
        partitions,
        only: null,
        scope: { kind: 'all' },
        reason: 'first',
        requested_by: 'a test',
        requested_at: new Date().toISOString(),
        ...request,
      }
      // Refused until a relay has been there.
      const accepted = () => requestReplay(asking, whole).then(() => true)
      await waitFor(accepted, { timeoutMs: 10_000, what: 'a relay that takes the request' })
      await asking.close()
      return whole.id
    },
    close: () => client.close(),
  }
}

async function declareQueue(channel: AMQPChannel, queue: string, partition: number): Promise<void> {
  await channel.queueDeclare(queue, { durable: true }, { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 })
  await channel.queueBind(queue, exchangeName, aggregateBinding('users', partition, partitions))
  await channel.queueBind(queue, exchangeName, heartbeatRoutingKey(partition, partitions))
}
