import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { TcpProxy } from '../../ops/faults/tcp-proxy.ts'
import { behindProxy } from '../support/proxy.ts'
import { get, postUser, startProcess, type RunningProcess } from '../support/processes.ts'
import {
  createDatabase,
  createMongoUrl,
  createVhost,
  dropMongo,
  waitFor,
  type TestDatabase,
  type TestVhost,
} from '../support/stack.ts'

const servers = ['postgres', 'rabbitmq', 'mongo'] as const
type Server = (typeof servers)[number]
const subsets: Server[][] = [1, 2, 3, 4, 5, 6, 7].map((mask) => servers.filter((_, bit) => mask & (1 << bit)))

let database: TestDatabase
let vhost: TestVhost
let mongoUrl: string
let proxies: Record<Server, TcpProxy>
let env: Record<string, string>
let running: RunningProcess[] = []

beforeEach(async () => {
  database = await createDatabase()
  vhost = await createVhost()
  mongoUrl = createMongoUrl()
  const proxyFor = async (url: string) => (await behindProxy(url)).proxy
  proxies = {
    postgres: await proxyFor(database.commandUrl),
    rabbitmq: await proxyFor(vhost.url),
    mongo: await proxyFor(mongoUrl),
  }
  env = {
    POSTGRES_OWNER_URL: proxies.postgres.url(database.ownerUrl),
    POSTGRES_URL: proxies.postgres.url(database.commandUrl),
    POSTGRES_RELAY_URL: proxies.postgres.url(database.relayUrl),
    RABBITMQ_URL: proxies.rabbitmq.url(vhost.url),
    MONGO_URL: proxies.mongo.url(mongoUrl),
    PARTITIONS: '2',
    // Short, so that a test sees within its time what an operator sees within seconds.
    DATABASE_AWAY_MAX_MS: '300',
    STORE_TIMEOUT_MS: '500',
    RELAY_BACKOFF_MAX_MS: '500',
  }
})
afterEach(async () => {
  const codes = await Promise.all(running.map((process) => process.stop()))
  running = []
  for (const proxy of Object.values(proxies)) await proxy.stop()
  await Promise.all([database.drop(), vhost.drop(), dropMongo(mongoUrl)])
  expect(codes).toEqual([0, 0, 0])
})

const startAll = async () => {
  running = await Promise.all([
    startProcess('command', env),
    startProcess('relay', env),
    startProcess('query', env),
  ])
  const [command, relay, query] = running as [RunningProcess, RunningProcess, RunningProcess]
  return { command, relay, query }
}
const set = (absent: readonly Server[], state: 'up' | 'down') =>
  Promise.all(absent.map((server) => proxies[server][state]()))
const readiness = async () =>
  Object.fromEntries(
    await Promise.all(
      running.map(async ({ role, url }) => [role, (await get(`${url}/health/ready`)).status]),
    ),
  )
/**
 * A broker that is away takes no traffic from the query service; PostgreSQL concerns only the other two. The relay is
 * not ready before the first queues are there, which the query service declares when it has its store.
 */
const expected = (absent: readonly Server[], relayNeeds: readonly Server[]) => ({
  command: absent.includes('postgres') ? 503 : 200,
  relay: relayNeeds.some((server) => absent.includes(server)) ? 503 : 200,
  query: absent.includes('mongo') ? 503 : 200,
})
const waitForReadiness = (
  absent: readonly Server[],
  relayNeeds: readonly Server[] = ['postgres', 'rabbitmq'],
) =>
  waitFor(async () => Bun.deepEquals(await readiness(), expected(absent, relayNeeds)), {
    timeoutMs: 15_000,
    what: `readiness with ${absent.join(' and ') || 'nothing'} absent`,
  })

let sequence = 0
async function writeAndRead(commandUrl: string, queryUrl: string) {
  const written = await postUser(commandUrl, `user-${++sequence}@example.com`)
  expect(written.status).toBe(201)
  await waitFor(async () => (await get(`${queryUrl}/users/${written.body.id}`)).status === 200, {
    timeoutMs: 15_000,
    what: 'the written user to be readable',
  })
}

describe('absent at start and coming later, then lost and coming back', () => {
  for (const absent of subsets)
    test(
      absent.join(' and '),
      async () => {
        await set(absent, 'down')
        const { command, query } = await startAll()
        for (const { url } of running) expect((await get(`${url}/health/live`)).status).toBe(200)
        await waitForReadiness(absent, servers)
        if (absent.includes('postgres')) {
          const refused = await postUser(command.url, 'refused@example.com')
          expect([refused.status, refused.body.type]).toEqual([503, '/problems/unavailable'])
        }
        await set(absent, 'up')
        await waitForReadiness([])
        await writeAndRead(command.url, query.url)

        await set(absent, 'down')
        await waitForReadiness(absent)
        const kept = absent.includes('postgres') ? undefined : await postUser(command.url, 'kept@example.com')
        if (kept) expect(kept.status).toBe(201)
        await set(absent, 'up')
        await waitForReadiness([])
        if (kept)
          await waitFor(async () => (await get(`${query.url}/users/${kept.body.id}`)).status === 200, {
            timeoutMs: 15_000,
            what: 'what was written meanwhile',
          })
        await writeAndRead(command.url, query.url)
        expect(running.map(({ exitCode }) => exitCode)).toEqual([null, null, null])
      },
      60_000,
    )
})
