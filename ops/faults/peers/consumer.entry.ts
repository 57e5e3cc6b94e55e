import { openSync, writeSync } from 'node:fs'
import type { AMQPMessage } from '@cloudamqp/amqp-client'
import { MongoClient } from 'mongodb'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { recordFileSetting } from '../entries/settings.ts'
import type { StoredUser } from '../history.ts'
import { COLLECTION, QUEUE } from './names.ts'

/**
 * The read side of the peers, which have none of their own: writes down what arrives, and keeps of each user what came
 * last. It acknowledges after the write, and is not what is tried: it comes back from everything.
 */
const arrivals = openSync(process.env[recordFileSetting]!, 'a')
const store = new MongoClient(process.env['MONGO_URL']!)
const users = store.db().collection<StoredUser>(COLLECTION)
const RETRY_MS = 300

for (;;) {
  await consume().catch(() => {})
  await Bun.sleep(RETRY_MS)
}

/** Resolves when the connection is lost. */
async function consume(): Promise<void> {
  const lost = Promise.withResolvers<void>()
  const client = await connectAmqp({
    url: process.env['RABBITMQ_URL']!,
    name: 'peers-consumer',
    timeoutMs: 10_000,
    onLost: () => lost.resolve(),
  })
  const channel = await client.channel()
  await channel.queueDeclare(QUEUE, { durable: true }, { 'x-queue-type': 'quorum' })
  await channel.basicQos(100)
  let turn = Promise.resolve()
  await channel.basicConsume(QUEUE, { noAck: false }, (message) => {
    turn = turn.then(() => take(message)).catch(() => void client.socket?.destroy())
  })
  await lost.promise
  await turn
}

async function take(message: AMQPMessage): Promise<void> {
  const { id, version, occurred_at, data } = JSON.parse(message.bodyString()!) as Arrived
  writeSync(arrivals, `${id}:${version}\n`)
  const { id: _, ...fields } = data ?? {}
  const document = data ? { version, ...fields } : { version, deleted_at: occurred_at }
  await users.replaceOne({ _id: id }, document, { upsert: true })
  await message.ack()
}

interface Arrived {
  readonly id: string
  readonly version: number
  readonly occurred_at: string
  readonly data?: Record<string, unknown>
}
