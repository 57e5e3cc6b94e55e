import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { createVhost, type TestVhost } from '../../../tests/support/stack.ts'
import { Broker } from './broker.ts'

let vhost: TestVhost
let client: AMQPClient
let channel: AMQPChannel
let broker: Broker
let queues: string[]

beforeAll(async () => {
  vhost = await createVhost()
  client = await connectAmqp({ url: vhost.url, name: 'bench-test', timeoutMs: 10_000 })
  channel = await client.channel()
  await channel.confirmSelect()
  broker = await Broker.connect(vhost.url)
  queues = await broker.declareQueues('check-g1')
})
// What was delivered and not acknowledged is in its queue again once its channel is closed.
afterEach(() => broker.purge(queues))
afterAll(async () => {
  await broker.close()
  await client.close()
  await vhost.drop()
})

async function sent(...places: number[]): Promise<void> {
  for (const place of places) await channel.basicPublish('', queues[0]!, 'x', { messageId: `${place}` })
}
const placeOf = (id: string) => (/^\d+$/.test(id) ? Number(id) : undefined)
const check = (count: number) => broker.checkAll(queues, count, placeOf, 500)

describe('what was published is looked for, and', () => {
  test('is complete where each came once and in its order', async () => {
    await sent(0, 1, 2)
    await check(3)
    expect((await broker.depths(queues)).messages).toBe(0)
  })
  test('others among it do not count', async () => {
    await sent(0)
    await channel.basicPublish('', queues[0]!, 'x', { messageId: 'heartbeat' })
    await sent(1)
    await check(2)
  })
  test('what came twice has no figure', async () => {
    await sent(0, 1, 1, 2)
    await expect(check(3)).rejects.toThrow('event 1 came twice')
    await broker.purge(queues)
    await sent(0, 1, 2, 2)
    await expect(check(3)).rejects.toThrow('event 2 came twice')
  })
  test('nor what came after a later one', async () => {
    await sent(0, 2, 1)
    await expect(check(3)).rejects.toThrow('event 1 came after 2')
  })
  test('nor what did not come', async () => {
    await sent(0, 2)
    await expect(check(3)).rejects.toThrow('1 of 3 events did not come')
  })
})
