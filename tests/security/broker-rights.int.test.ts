import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AMQPClient, type AMQPChannel } from '@cloudamqp/amqp-client'
import { makeBrokerUsers } from '../../ops/broker-users.ts'
import { askBroker } from '../../ops/stack/broker-api.ts'
import {
  exchangeName,
  queueName,
  requestExchangeName,
  requestQueueName,
} from '../../shared/messaging/names.ts'
import { brokerPermissions } from '../../shared/messaging/permissions.ts'
import { createVhost, stackEnv, uniqueName, type TestVhost } from '../support/stack.ts'

const own = queueName('users-g1', 0, 8)
const users = { relay: uniqueName('relay'), query: uniqueName('query') }
let vhost: TestVhost
let urls: { relay: string; query: string }
let admin: AMQPClient
beforeAll(async () => {
  vhost = await createVhost()
  const at = (user: string) => {
    const url = new URL(vhost.url)
    Object.assign(url, { username: user, password: `${user}-secret` })
    return url.href
  }
  urls = { relay: at(users.relay), query: at(users.query) }
  await makeBrokerUsers(stackEnv().RABBITMQ_API_URL, urls)
  admin = new AMQPClient(vhost.url)
  await admin.connect()
  const channel = await admin.channel()
  await channel.exchangeDeclare(exchangeName, 'topic', { durable: true })
  for (const queue of [own, requestQueueName, 'foreign']) await channel.queueDeclare(queue, { durable: true })
  await channel.queueBind(requestQueueName, requestExchangeName, requestQueueName)
})
afterAll(async () => {
  await admin.close()
  await vhost.drop()
  for (const user of Object.values(users)) await askBroker(stackEnv(), 'DELETE', `/api/users/${user}`)
})

/** `done`, or what the broker said when it closed the channel. */
async function attempt(
  as: 'relay' | 'query',
  work: (channel: AMQPChannel) => Promise<unknown>,
): Promise<string> {
  const client = new AMQPClient(urls[as])
  Object.assign(client, { onerror: () => {} })
  await client.connect()
  const channel = await client.channel()
  Object.assign(channel, { onerror: () => {} })
  try {
    await work(channel)
    return 'done'
  } catch (error) {
    return /ACCESS_REFUSED/.test(String(error)) ? 'refused' : String(error)
  } finally {
    client.socket?.destroy()
  }
}

const publish = (exchange: string, key: string) => async (channel: AMQPChannel) => {
  await channel.confirmSelect()
  await channel.basicPublish(exchange, key, '{}', {})
}
type Try = [what: string, work: (channel: AMQPChannel) => Promise<unknown>]

const tries: Record<'relay' | 'query', { may: Try[]; mayNot: Try[] }> = {
  relay: {
    may: [
      [
        'declare its exchange',
        (channel) => channel.exchangeDeclare(exchangeName, 'topic', { durable: true }),
      ],
      ['publish events', publish(exchangeName, 'users.p00of08.user.created')],
      ['declare its request queue', (channel) => channel.queueDeclare(requestQueueName, { durable: true })],
      ['bind it', (channel) => channel.queueBind(requestQueueName, requestExchangeName, requestQueueName)],
      ['take requests', (channel) => channel.basicGet(requestQueueName)],
      ['send a replay to a queue', publish('', own)],
      ['look at a queue', (channel) => channel.queueDeclare(own, { passive: true })],
    ],
    mayNot: [
      ["read a group's queue", (channel) => channel.basicGet(own)],
      ["consume a group's queue", (channel) => channel.basicConsume(own, {}, () => {})],
      ["purge a group's queue", (channel) => channel.queuePurge(own)],
      ["delete a group's queue", (channel) => channel.queueDelete(own)],
      ['declare a queue for itself', (channel) => channel.queueDeclare('mine', {})],
      ['read what others get', (channel) => channel.queueBind(requestQueueName, exchangeName, '#')],
      ['declare another exchange', (channel) => channel.exchangeDeclare('mine', 'topic', {})],
      ['publish to another exchange', publish('amq.topic', 'x')],
    ],
  },
  query: {
    may: [
      [
        'declare its queue',
        (channel) => channel.queueDeclare(queueName('users-g2', 3, 8), { durable: true }),
      ],
      ['bind it', (channel) => channel.queueBind(own, exchangeName, 'users.p00of08.#')],
      ['read it', (channel) => channel.basicGet(own)],
      ['unbind it', (channel) => channel.queueUnbind(own, exchangeName, 'users.p00of08.#')],
      ['delete it', (channel) => channel.queueDelete(queueName('users-g2', 3, 8))],
      ['ask for a replay', publish(requestExchangeName, requestQueueName)],
    ],
    mayNot: [
      ['publish an event', publish(exchangeName, 'users.p00of08.user.created')],
      ['write into a queue by its name', publish('', 'foreign')],
      ['declare or change the exchange', (channel) => channel.exchangeDeclare(exchangeName, 'fanout', {})],
      ['delete the exchange', (channel) => channel.exchangeDelete(exchangeName)],
      ['take requests', (channel) => channel.basicGet(requestQueueName)],
      ['delete the request queue', (channel) => channel.queueDelete(requestQueueName)],
      ["read another's queue", (channel) => channel.basicGet('foreign')],
      ["bind another's queue", (channel) => channel.queueBind('foreign', exchangeName, '#')],
      ['declare a queue of another name', (channel) => channel.queueDeclare('mine', {})],
    ],
  },
}

for (const as of ['relay', 'query'] as const)
  describe(`S13 the broker's user of the ${as}`, () => {
    for (const [what, work] of tries[as].may)
      test(`may ${what}`, async () => expect(await attempt(as, work)).toBe('done'))
    for (const [what, work] of tries[as].mayNot)
      test(`may not ${what}`, async () => expect(await attempt(as, work)).toBe('refused'))
    test('has no business in the management API', async () => {
      const { origin } = new URL(stackEnv().RABBITMQ_API_URL)
      const authorization = `Basic ${btoa(`${users[as]}:${users[as]}-secret`)}`
      const answer = await fetch(`${origin}/api/overview`, { headers: { authorization } })
      expect(answer.status).toBe(401)
    })
  })

test("S13 the local stack's users have these rights and no more", async () => {
  for (const [user, permissions] of Object.entries(brokerPermissions)) {
    const found = await askBroker(stackEnv(), 'GET', `/api/permissions/%2F/${user}`)
    expect(found).toEqual({ user, vhost: '/', ...permissions })
  }
})
