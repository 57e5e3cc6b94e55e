import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { AMQPClient } from '@cloudamqp/amqp-client'
import { createVhost, type TestVhost } from '../../tests/support/stack.ts'
import { connectAmqp } from './amqp-connection.ts'
import { requestQueueName } from './names.ts'
import { declareRequestQueue } from './request-queue.ts'
import { parseReplayRequest } from './replay.ts'
import { ReplayNotAcceptedError, requestReplay } from './request-replay.ts'

let vhost: TestVhost
let client: AMQPClient
beforeAll(async () => {
  vhost = await createVhost()
  client = await connectAmqp({ url: vhost.url, name: 'test', timeoutMs: 10_000 })
})
afterAll(async () => {
  await client.close()
  await vhost.drop()
})

const request = {
  id: crypto.randomUUID(),
  group: 'things-g1',
  aggregate: 'things',
  partitions: 8,
  only: [3],
  scope: { kind: 'from', seq: 7 },
  reason: 'queue-lost',
  requested_by: 'a test',
  requested_at: '2026-01-02T03:04:05.678Z',
} as const

test('without a relay it is refused with a reason, and accepted durably once the queue is there', async () => {
  const channel = await client.channel()
  const refused = await requestReplay(channel, { ...request, only: [3] }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ReplayNotAcceptedError)
  expect(refused).toMatchObject({
    code: 'no-relay',
    message: expect.stringContaining('no relay has declared'),
  })

  await declareRequestQueue(channel)
  await requestReplay(channel, { ...request, only: [3] })
  const message = await channel.basicGet(requestQueueName, { noAck: true })
  expect(message!.properties).toMatchObject({ deliveryMode: 2, messageId: request.id })
  expect(parseReplayRequest(message!.body!)).toMatchObject(request)
  await channel.close()
})
