import { afterAll, expect, test } from 'bun:test'
import { MongoClient } from 'mongodb'
import { startProcess } from '../tests/support/processes.ts'
import { createMongoUrl, createVhost, dropMongo, waitFor } from '../tests/support/stack.ts'
import { behindProxy } from '../tests/support/proxy.ts'
import type { CollectionOf } from './projector/collection-of.ts'
import { pauseProjector, resumeProjector } from './projector/pause.ts'

const mongoUrl = createMongoUrl()
const vhost = await createVhost()
afterAll(async () => {
  await vhost.drop()
  await dropMongo(mongoUrl)
})

const timeoutMs = 15_000

const start = (env: Record<string, string>) =>
  startProcess('query', { MONGO_URL: mongoUrl, RABBITMQ_URL: vhost.url, ...env })

const check = (body: { checks: { name: string; state: string }[] }, name: string) =>
  body.checks.find((found) => found.name === name)?.state

test('without the broker it answers reads, is ready, says what it lacks, and stops when told to', async () => {
  const { url: brokerUrl, proxy } = await behindProxy(vhost.url)
  await proxy.down()
  const query = await start({ RABBITMQ_URL: brokerUrl })
  try {
    expect((await query.get('/users')).body).toEqual({ items: [], next_cursor: null })
    const ready = await query.get('/health/ready')
    expect([ready.status, check(ready.body, 'store'), check(ready.body, 'broker')]).toEqual([
      200,
      'ok',
      'degraded',
    ])
    const pipeline = await query.get('/health/pipeline')
    expect([pipeline.status, check(pipeline.body, 'consumers')]).toEqual([503, 'failed'])
  } finally {
    expect(await query.stop()).toBe(0)
    await proxy.stop()
  }
  expect(query.log.at(-1)).toMatchObject({ message: 'stopped' })
}, 20_000)

test('without the store it is not ready, answers 503, and recovers by itself', async () => {
  const { url: storeUrl, proxy } = await behindProxy(mongoUrl)
  await proxy.down()
  const query = await start({ MONGO_URL: storeUrl, STORE_TIMEOUT_MS: '500', QUERY_ROLES: 'api' })
  try {
    const ready = await query.get('/health/ready')
    expect([ready.status, check(ready.body, 'store')]).toEqual([503, 'failed'])
    expect((await query.get('/users')).body).toMatchObject({ status: 503, type: '/problems/unavailable' })
    await proxy.up()
    await waitFor(async () => (await query.get('/users')).status === 200, { timeoutMs, what: 'reads' })
    expect((await query.get('/health/ready')).status).toBe(200)
  } finally {
    expect(await query.stop()).toBe(0)
    await proxy.stop()
  }
}, 20_000)

test('a projector alone serves health and metrics, no reads, and needs the broker to be ready', async () => {
  const { url: brokerUrl, proxy } = await behindProxy(vhost.url)
  await proxy.down()
  const projector = await start({ RABBITMQ_URL: brokerUrl, QUERY_ROLES: 'projector' })
  try {
    const ready = await projector.get('/health/ready')
    expect([ready.status, check(ready.body, 'broker')]).toEqual([503, 'failed'])
    await proxy.up()
    await waitFor(async () => (await projector.get('/health/ready')).status === 200, {
      timeoutMs,
      what: 'readiness',
    })
    expect((await projector.get('/metrics')).text).toContain(
      'projector_lag_seconds{group="users-g1",partition="7"',
    )
    expect((await projector.get('/users')).status).toBe(404)
  } finally {
    expect(await projector.stop()).toBe(0)
    await proxy.stop()
  }
}, 20_000)

test('parked events and a pause are alarms of the pipeline in a process that only reads, and leave it ready', async () => {
  const client = new MongoClient(mongoUrl)
  const collectionOf: CollectionOf = (name) => client.db().collection(name)
  const query = await start({ QUERY_ROLES: 'api' })
  try {
    const parked = { _id: 'users-g1/e1', group: 'users-g1', code: 'invalid-data', parked_at: '2026-01-01' }
    await collectionOf<typeof parked>('parked_events').insertOne(parked)
    await pauseProjector(collectionOf, { by: 'ada', reason: 'a look' })
    const pipeline = await waitFor(
      async () => {
        const { body } = await query.get('/health/pipeline')
        const isSeen = check(body, 'parked') === 'failed' && check(body, 'paused') === 'failed'
        return isSeen ? body : undefined
      },
      { timeoutMs, what: 'both alarms' },
    )
    expect(pipeline.checks).toContainEqual(
      expect.objectContaining({
        name: 'parked',
        count: 1,
        newest: expect.objectContaining({ code: 'invalid-data' }),
      }),
    )
    expect((await query.get('/health/ready')).status).toBe(200)
  } finally {
    await resumeProjector(collectionOf)
    await client.close()
    expect(await query.stop()).toBe(0)
  }
}, 20_000)
