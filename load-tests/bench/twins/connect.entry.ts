import { answerOrders, setting } from './orders.ts'

/** What a role cannot start without: its modules, and one connection to each server that it needs. */
const role = setting('ROLE')

switch (role) {
  case 'command':
    await Promise.all([import('../../../command/service.ts'), http(), postgres()])
    break
  case 'relay':
    await Promise.all([import('../../../command/relay/service.ts'), http(), postgres(), broker()])
    break
  case 'query':
    await Promise.all([import('../../../query/service.ts'), http(), broker(), store()])
    break
  default:
    throw new Error(`there is no role ${role}`)
}
await answerOrders<object>(async () => ({}))

async function http(): Promise<void> {
  await import('../../../shared/process/http-server.ts')
  Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
}

async function postgres(): Promise<void> {
  const { SQL } = await import('bun')
  const url = setting('POSTGRES_URL')
  await new SQL(url, { max: 1, database: new URL(url).pathname.slice(1) })`SELECT 1`
}

async function broker(): Promise<void> {
  const { connectAmqp } = await import('../../../shared/messaging/amqp-connection.ts')
  const client = await connectAmqp({ url: setting('RABBITMQ_URL'), name: 'connect', timeoutMs: 10_000 })
  await client.channel()
}

async function store(): Promise<void> {
  const { MongoClient } = await import('mongodb')
  const client = await new MongoClient(setting('MONGO_URL')).connect()
  await client.db().command({ ping: 1 })
}
