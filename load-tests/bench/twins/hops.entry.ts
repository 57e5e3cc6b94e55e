import { SQL } from 'bun'
import { MongoClient, type AnyBulkWriteOperation } from 'mongodb'
import { gatedUpdate } from '../../../query/projector/gate.ts'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { documentOf, messageOf, appendSql } from '../rows/documents.ts'
import { answerOrders, setting } from './orders.ts'

/** Commit, confirm, deliver, upsert: each waits for the one before, and nobody else is there. */
const QUEUE = 'hops'

const url = setting('POSTGRES_URL')
const sql = new SQL(url, { max: 1, database: new URL(url).pathname.slice(1) })
const store = new MongoClient(setting('MONGO_URL'))
await store.connect()
const users = store.db().collection<{ _id: string }>('hops')
const client = await connectAmqp({ url: setting('RABBITMQ_URL'), name: 'hops', timeoutMs: 10_000 })
const [out, back] = [await client.channel(), await client.channel()]
await out.confirmSelect()
await out.queueDeclare(QUEUE, { durable: true }, { 'x-queue-type': 'quorum' })
let delivered = Promise.withResolvers<number>()
await back.basicConsume(QUEUE, { noAck: false }, (message) => {
  void message.ack()
  delivered.resolve(Number(message.properties.messageId))
})

const userSql = (n: number) => {
  const { _id, email } = documentOf(n)
  return `INSERT INTO users (id, first_name, last_name, email, email_key, version, created_at, updated_at)
VALUES ('${_id}', 'Ada', 'Lovelace', '${email}', '${email}', 1, now(), now())`
}

async function hops(n: number): Promise<void> {
  // Several statements in one string are one round trip, and one transaction.
  await sql.unsafe(`${userSql(n)};${appendSql(n, n + 1)}`).simple()
  delivered = Promise.withResolvers()
  await out.basicPublish('', QUEUE, messageOf(n).body, { messageId: String(n), deliveryMode: 2 })
  if ((await delivered.promise) !== n) throw new Error('another message came')
  const { _id, version, ...document } = documentOf(n)
  const operation = gatedUpdate({ id: _id, version, document, time: '' })
  await users.bulkWrite([operation as AnyBulkWriteOperation<{ _id: string }>], {
    writeConcern: { w: 'majority' },
  })
}

await answerOrders<{ count: number }>(async ({ count }) => {
  await users.deleteMany({})
  const eachMs: number[] = []
  const startedAt = performance.now()
  for (let n = 0; n < count; n++) {
    const from = performance.now()
    await hops(n)
    eachMs.push(performance.now() - from)
  }
  return { eachMs, elapsedMs: performance.now() - startedAt, stored: await users.countDocuments({}) }
})
