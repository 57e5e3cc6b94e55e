import type { AMQPClient } from '@cloudamqp/amqp-client'
import { withTimeout } from '../../../shared/process/backoff.ts'
import { queueName } from '../../../shared/messaging/names.ts'
import { connectTimeoutMs, type Connections } from '../connections.ts'
import { modelAt, type Generations } from './generations.ts'

export interface QueueState {
  readonly queue: string
  readonly group: string
  readonly partition: number
  /** Undefined where there is no such queue. */
  readonly depth: { readonly messages: number; readonly consumers: number } | undefined
  /** The replica whose turn it is; undefined where there is none, or the management API is not known. */
  readonly active: string | undefined
}

export interface BrokerState {
  /** Undefined where the management API is not known. */
  readonly version: string | undefined
  readonly queues: readonly QueueState[]
}

/**
 * The queues that the fed generations should have, looked at and never declared.
 * @param partitions which of them
 * @throws Unreachable
 */
export async function readBroker(
  { broker, places }: Connections,
  models: readonly Generations[],
  partitions: readonly number[] = Array.from({ length: places.partitions }, (_, partition) => partition),
): Promise<BrokerState> {
  const client = await broker()
  const management = await readManagement(places).catch(() => undefined)
  const queues: QueueState[] = []
  for (const model of models)
    for (const generation of model.fed)
      for (const partition of partitions) {
        const { group } = modelAt(model, generation)
        const queue = queueName(group, partition, places.partitions)
        const depth = await depthOf(client, queue)
        queues.push({ queue, group, partition, depth, active: management?.active.get(queue) })
      }
  return { version: management?.version, queues }
}

async function depthOf(client: AMQPClient, queue: string): Promise<QueueState['depth']> {
  const asking = async () => {
    // A channel of its own: where there is no such queue the broker closes it.
    const channel = await client.channel()
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- not an EventTarget
    channel.onerror = () => {}
    try {
      const { messageCount, consumerCount } = await channel.queueDeclare(queue, { passive: true })
      await channel.close()
      return { messages: messageCount, consumers: consumerCount }
    } catch (error) {
      if (error instanceof Error && error.message.includes('(404)')) return undefined
      throw error
    }
  }
  return withTimeout(asking(), connectTimeoutMs, 'RabbitMQ')
}

async function readManagement({ rabbitmqApiUrl, rabbitmqUrl }: Connections['places']) {
  if (!rabbitmqApiUrl) return undefined
  const { origin, username, password } = new URL(rabbitmqApiUrl)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const ask = async (path: string) => {
    const answer = await fetch(origin + path, {
      headers: { authorization: `Basic ${btoa(credentials)}` },
      signal: AbortSignal.timeout(connectTimeoutMs),
    })
    if (!answer.ok) throw new Error(`the management API answers ${answer.status}`)
    return answer.json()
  }
  const vhost = new URL(rabbitmqUrl).pathname.slice(1) || '%2F'
  const [overview, consumers, connections] = (await Promise.all([
    ask('/api/overview'),
    ask(`/api/consumers/${vhost}`),
    ask(`/api/vhosts/${vhost}/connections?columns=name,user_provided_name`),
  ])) as [{ rabbitmq_version: string }, Consumer[], { name: string; user_provided_name?: string }[]]
  const named = new Map(connections.map(({ name, user_provided_name }) => [name, user_provided_name]))
  const active = consumers
    .filter((consumer) => consumer.activity_status === 'single_active')
    .flatMap(({ queue, channel_details: { connection_name: name } }) =>
      // Not known yet of a consumer that has just come. The projector's connections are named after the replica.
      name ? [[queue.name, (named.get(name) ?? name).replace(/^projector /, '')] as const] : [],
    )
  return { version: `RabbitMQ ${overview.rabbitmq_version}`, active: new Map(active) }
}

interface Consumer {
  readonly queue: { readonly name: string }
  readonly activity_status: string
  readonly channel_details: { readonly connection_name?: string }
}
