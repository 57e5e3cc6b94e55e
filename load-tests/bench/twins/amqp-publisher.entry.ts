import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { eventContentType, exchangeName } from '../../../shared/messaging/names.ts'
import { messageOf } from '../rows/documents.ts'
import { answerOrders, setting } from './orders.ts'

/** Windows of a thousand persistent messages with confirms, the next when the last is confirmed. No database. */
const WINDOW = 1_000

const client = await connectAmqp({ url: setting('RABBITMQ_URL'), name: 'loop', timeoutMs: 10_000 })
const channel = await client.channel()
await channel.confirmSelect()
let messages: ReturnType<typeof messageOf>[] = []

interface Order {
  readonly prepare?: number
  readonly publish?: number
  /** To the queues of this group alone; else to the exchange. */
  readonly group?: string
  /** Of what is published: creations where left out. */
  readonly version?: number
}
const properties = ({ id, type }: ReturnType<typeof messageOf>) => ({
  messageId: id,
  deliveryMode: 2,
  contentType: eventContentType,
  type,
})

/** A backlog that nothing is compared by need not be in memory. */
const made = (from: number, count: number, version?: number) =>
  Array.from({ length: Math.min(WINDOW, count - from) }, (_, n) => messageOf(from + n, version))

await answerOrders<Order>(async ({ prepare, publish = 0, group, version }) => {
  if (prepare !== undefined) {
    if (messages.length !== prepare) messages = Array.from({ length: prepare }, (_, n) => messageOf(n))
    return {}
  }
  const startedAt = performance.now()
  for (let from = 0; from < publish; from += WINDOW) {
    client.socket?.cork()
    const window = messages.length > 0 ? messages.slice(from, from + WINDOW) : made(from, publish, version)
    const confirms = window.map((message) => {
      const { routingKey, body } = message
      return group
        ? channel.basicPublish('', `${group}.${routingKey.split('.')[1]}`, body, properties(message), true)
        : channel.basicPublish(exchangeName, routingKey, body, properties(message), true)
    })
    client.socket?.uncork()
    await Promise.all(confirms)
  }
  return { elapsedMs: performance.now() - startedAt }
})
