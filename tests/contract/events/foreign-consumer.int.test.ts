import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { connect } from 'amqplib'
import { relayWorld, type RelayWorld } from '../../../command/relay/testing/world.ts'
import { startCommandSide, type RunningCommandSide } from '../../support/command-side.ts'
import { waitFor } from '../../support/stack.ts'

let world: RelayWorld
let command: RunningCommandSide
beforeAll(async () => {
  world = await relayWorld()
  await world.start()
  command = await startCommandSide(world.database.commandUrl)
})
afterAll(async () => {
  await command.stop()
  await world.end()
})

const get = async (path: string) => {
  const { status, body } = await command.call('GET', path)
  expect(status).toBe(200)
  return body
}

test('a consumer that knows the AsyncAPI document and nothing else gets every event, and can check each', async () => {
  const document = await get('/asyncapi.json')
  const channel = document.channels.users
  const { exchange } = channel.bindings.amqp

  const connection = await connect(world.vhost.url)
  try {
    const broker = await connection.createChannel()
    const { queue } = await broker.assertQueue('accounting', {
      durable: true,
      arguments: { 'x-queue-type': 'quorum' },
    })
    // Only looked at: it is the relay's.
    await broker.checkExchange(exchange.name)
    await broker.bindQueue(queue, exchange.name, channel['x-binding-keys'].all)
    const received: { key: string; properties: any; event: any }[] = []
    await broker.consume(queue, (message) => {
      if (!message) return
      const { fields, properties, content } = message
      received.push({ key: fields.routingKey, properties, event: JSON.parse(content.toString()) })
      broker.ack(message)
    })

    const ada = { first_name: 'Zoë', last_name: "O'Neil", email: 'zoe@example.com' }
    const headers = { 'x-request-id': 'request-7', 'x-correlation-id': 'order-7' }
    const { body: user } = await command.call('POST', '/users', ada, headers)
    await command.call('PUT', `/users/${user.id}`, { ...ada, last_name: 'King' })
    await command.call('DELETE', `/users/${user.id}`)
    await waitFor(() => received.length >= 3, { timeoutMs: 15_000, what: 'the events' })

    const ajv = new Ajv({ strict: true })
    ;(addFormats as unknown as (ajv: Ajv) => void)(ajv)
    const envelope = ajv.compile(await get('/schemas/envelope'))
    for (const { key, properties, event } of received) {
      expect([envelope(event), envelope.errors]).toEqual([true, null])
      const data = ajv.compile(await get(event.dataschema))
      expect([data(event.data), data.errors]).toEqual([true, null])
      const message = document.components.messages[event.type]
      expect(properties).toMatchObject({
        contentType: message.contentType,
        type: message.bindings.amqp.messageType,
        messageId: event.id,
        deliveryMode: 2,
      })
      expect(properties.headers ?? {}).toEqual({})
      const [aggregate, partition, ...rest] = key.split('.')
      expect(aggregate).toBe('users')
      expect(
        channel.parameters.partition.enum[crc32(event.subject) % channel.parameters.partition.enum.length],
      ).toBe(partition)
      expect(channel.parameters.event.enum).toContain(rest.join('.'))
    }
    expect(received.map(({ event }) => [event.sequence, event.data.changed])).toEqual([
      ['1', ['first_name', 'last_name', 'email']],
      ['2', ['last_name']],
      ['3', []],
    ])
    expect(received[0]!.event).toMatchObject({
      subject: user.id,
      requestid: 'request-7',
      correlationid: 'order-7',
    })
  } finally {
    await connection.close()
  }
}, 60_000)

/** As the document names the function; not ours. */
const crc32 = (id: string) => Bun.hash.crc32(id.toLowerCase())

test('the partition function’s examples are what CRC-32 gives', async () => {
  const { partitions, examples } = (await get('/asyncapi.json'))['x-partition-function']
  expect(examples.length).toBeGreaterThan(2)
  for (const { id, partition } of examples) expect([id, crc32(id) % partitions]).toEqual([id, partition])
})

test('every schema that is listed is served as one, and no other', async () => {
  const { schemas } = await get('/schemas')
  expect(schemas).toContain('/schemas/users.user.created.v1')
  for (const path of schemas) {
    const { headers, body } = await command.call('GET', path)
    expect([headers.get('content-type'), body.$id]).toEqual(['application/schema+json', path])
  }
  const { status, body } = await command.call('GET', '/schemas/users.user.exploded.v1')
  expect([status, body.type]).toEqual([404, '/problems/not-found'])
})

test('the log has the columns of Debezium’s outbox convention', async () => {
  const columns = await world.database.sql`
    SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM information_schema.columns
    WHERE table_name = 'outbox' ORDER BY ordinal_position`
  expect(
    columns.map(({ name, type, nullable }: Record<string, string>) => `${name} ${type} ${nullable}`),
  ).toEqual([
    'seq bigint NO',
    'id uuid NO',
    'aggregatetype text NO',
    'aggregateid text NO',
    'type text NO',
    'version integer NO',
    'payload jsonb NO',
    'headers jsonb NO',
    'occurred_at timestamp with time zone NO',
  ])
})
