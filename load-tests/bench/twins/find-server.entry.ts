import { MongoClient } from 'mongodb'
import { users } from '../../../query/users/users.ts'
import { answerOrders, setting } from './orders.ts'

/** The least that can answer a read: the driver's findOne behind a bare Bun.serve. */
const client = new MongoClient(setting('MONGO_URL'), { maxPoolSize: 20 })
await client.connect()
const collection = client.db().collection<{ _id: string; version: number }>(users.collection)
const projection = {
  first_name: 1,
  last_name: 1,
  email: 1,
  created_at: 1,
  updated_at: 1,
  version: 1,
} as const

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const _id = request.url.slice(request.url.lastIndexOf('/') + 1)
    const known = request.headers.get('if-none-match')
    if (known !== null) {
      const found = await collection.findOne({ _id }, { projection: { version: 1 } })
      const etag = `"${found?.version}"`
      if (etag === known) return new Response(null, { status: 304, headers: { etag } })
    }
    const found = await collection.findOne({ _id }, { projection })
    if (!found) return new Response('{}', { status: 404 })
    const { _id: id, ...fields } = found
    return new Response(JSON.stringify({ id, ...fields }), {
      headers: { 'content-type': 'application/json', etag: `"${found.version}"` },
    })
  },
})

await answerOrders<object>(async () => ({ port: server.port }))
