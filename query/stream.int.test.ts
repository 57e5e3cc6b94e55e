import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createHealth } from '../shared/process/health.ts'
import { httpServer } from '../shared/process/http-server.ts'
import { silentLogger } from '../shared/process/log.ts'
import { behindProxy } from '../tests/support/proxy.ts'
import { createMongoUrl, dropMongo, waitFor } from '../tests/support/stack.ts'
import { createQueryApp } from './app.ts'
import { createDatabase, type Database } from './database.ts'
import { readModels } from './read-models.ts'

const url = createMongoUrl()
/** More than what sockets hold: 30 MB. */
const count = 10_000
const nameLength = 3_000
let database: Database
let proxy: Awaited<ReturnType<typeof behindProxy>>['proxy']
let server: ReturnType<typeof httpServer>
const model = readModels[0]!
/** Pages that the service asked the store for. */
let pages = 0

beforeAll(async () => {
  const behind = await behindProxy(url)
  proxy = behind.proxy
  database = createDatabase({ url: behind.url, readModels, poolMax: 5, timeoutMs: 1_000, log: silentLogger })
  await database.start()
  const collection = database.collectionOf<{ _id: string; version: number; last_name: string }>(
    model.collection,
  )
  for (let from = 0; from < count; from += 1_000)
    await collection.insertMany(
      Array.from({ length: 1_000 }, () => ({
        _id: Bun.randomUUIDv7(),
        version: 1,
        last_name: 'x'.repeat(nameLength),
      })),
    )
  const app = createQueryApp({
    collectionOf: (name) => {
      const found = database.collectionOf<any>(name)
      return new Proxy(found, {
        get: (target, key) =>
          key === 'find' ? (...args: []) => (pages++, target.find(...args)) : Reflect.get(target, key),
      })
    },
    timeoutMs: 2_000,
    publicUrl: 'http://query.test',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
  })
  server = httpServer({ app, hostname: '127.0.0.1', port: 0, log: silentLogger })
  await server.start()
}, 60_000)
afterAll(async () => {
  await server.stop()
  await database.stop()
  await proxy.stop()
  await dropMongo(url)
})

async function open(signal?: AbortSignal) {
  const response = await fetch(`http://127.0.0.1:${server.port}/${model.name}`, {
    headers: { accept: 'application/x-ndjson' },
    ...(signal && { signal }),
  })
  return response
}

/** No page was asked for during half a second. */
async function untilStill(): Promise<void> {
  let before = -1
  const isStill = () => {
    const still = pages === before
    before = pages
    return still
  }
  await waitFor(isStill, { timeoutMs: 30_000, intervalMs: 500, what: 'the reading to stop' })
}

test('the whole list, each document once and in order', async () => {
  const response = await open()
  const text = await response.text()
  const ids = text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: string }).id)
  expect([ids.length, new Set(ids).size]).toEqual([count, count])
  expect(ids).toEqual(ids.toSorted())
}, 60_000)

test('a reader that does not take what there is stops the reading, and going on, has all of it', async () => {
  pages = 0
  // Not `fetch`, which reads ahead.
  const socket = connect({ host: '127.0.0.1', port: server.port })
  socket.write(
    `GET /${model.name} HTTP/1.1\r\nHost: x.test\r\nAccept: application/x-ndjson\r\nConnection: close\r\n\r\n`,
  )
  socket.pause()
  await waitFor(() => pages > 1, { timeoutMs: 10_000, what: 'the first pages' })
  await untilStill()
  expect(pages).toBeLessThan(count / 500)
  let bytes = 0
  for await (const chunk of socket) bytes += (chunk as Uint8Array).length
  expect([bytes > count * nameLength, pages]).toEqual([true, count / 500 + 1])
}, 90_000)

test('a reader that leaves ends the reading', async () => {
  pages = 0
  const leaving = new AbortController()
  const reader = (await open(leaving.signal)).body!.getReader()
  await reader.read()
  leaving.abort()
  await untilStill()
  expect(pages).toBeLessThan(count / 500)
}, 60_000)

test('a store that goes away in the middle cuts the answer, and one that is away is told by the status', async () => {
  const response = await open()
  const reader = response.body!.getReader()
  await reader.read()
  await proxy.down()
  try {
    const read = async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read());
      return 'a clean end'
    }
    expect([response.status, await read().catch(() => 'cut')]).toEqual([200, 'cut'])
    expect((await open()).status).toBe(503)
  } finally {
    await proxy.up()
  }
}, 60_000)
