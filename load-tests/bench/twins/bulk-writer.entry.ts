import { MongoClient, type AnyBulkWriteOperation } from 'mongodb'
import { makeIndexes } from '../../../query/projector/indexes.ts'
import { gatedUpdate, insertion } from '../../../query/projector/gate.ts'
import { users } from '../../../query/users/users.ts'
import { documentOf } from '../rows/documents.ts'
import { answerOrders, setting } from './orders.ts'

/** The write that a projector cannot do without, from memory: the same gate, batch, order and write concern. */
const BATCH = 500

const client = new MongoClient(setting('MONGO_URL'))
await client.connect()
const collection = client.db().collection<{ _id: string }>(users.collection)
await makeIndexes({ readModels: [users], collectionOf: (name) => client.db().collection(name) as never })

interface Order {
  readonly count: number
  readonly parallel: number
  readonly version: number
  /** Without the gate: what is there already would be refused. */
  readonly inserts: boolean
}

await answerOrders<Order>(async ({ count, parallel, version, inserts }) => {
  const startedAt = performance.now()
  let next = 0
  const worker = async () => {
    while (next < count) {
      const from = next
      next += BATCH
      const length = Math.min(BATCH, count - from)
      const operations = Array.from({ length }, (_, n) => {
        const { _id, ...document } = documentOf(from + n, version)
        const change = { id: _id, version, document, time: '' }
        return (inserts ? insertion(change) : gatedUpdate(change)) as AnyBulkWriteOperation<{ _id: string }>
      })
      await collection.bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority' } })
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return { elapsedMs: performance.now() - startedAt }
})
