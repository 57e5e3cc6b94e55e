import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MongoClient } from 'mongodb'
import type { CollectionOf } from '../../query/projector/collection-of.ts'
import { pauseProjector, resumeProjector } from '../../query/projector/pause.ts'
import { startProcess, type RunningProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

/** What is claimed is claimed of 10,000, for which `.ci/run` asks. */
const pairs = Number(process.env['READ_YOUR_WRITES_PAIRS'] ?? 2_000)

let system: RunningSystem
let replicas: RunningProcess[]
/** Applies nothing, and has one place for who waits. */
let reader: RunningProcess
let store: MongoClient
const collectionOf: CollectionOf = (name) => store.db().collection(name)

beforeAll(async () => {
  system = await startSystem({ LOG_LEVEL: 'info', STORE_TIMEOUT_MS: '20000', CONSISTENCY_WAIT_MAX_S: '25' })
  const another = (more: Record<string, string>) =>
    startProcess('query', { ...system.env, LOG_LEVEL: 'info', ...more })
  const [second, third] = await Promise.all([
    another({ REPLICA_ID: 'second' }),
    another({ QUERY_ROLES: 'api', CONSISTENCY_WAITING_MAX: '1' }),
  ])
  replicas = [system.query, second]
  reader = third
  store = new MongoClient(system.env['MONGO_URL']!)
  // What a reader waits for is then told in one process, and found in the store in the other.
  await waitFor(
    async () =>
      (await Promise.all(replicas.map((replica) => consumers(replica, 'active')))).every(
        (count) => count > 0,
      ),
    {
      timeoutMs: 60_000,
      what: 'a partition each',
    },
  )
}, 120_000)
afterAll(async () => {
  await store.close()
  await Promise.all([...replicas.slice(1), reader].map((process) => process.stop()))
  await system.stop()
})

async function consumers(replica: RunningProcess, which: 'up' | 'active'): Promise<number> {
  const { text } = await replica.get('/metrics')
  return [...text.matchAll(new RegExp(`^projector_consumer_${which}\\{.*\\} 1$`, 'gm'))].length
}

interface Written {
  readonly id: string
  readonly version: number
  readonly token: string
}

async function write(method: string, path: string, fields?: object): Promise<Written> {
  const response = await fetch(system.command.url + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(fields && { body: JSON.stringify(fields) }),
  })
  if (!response.ok) throw new Error(`${method} answered ${response.status}`)
  const body = fields
    ? ((await response.json()) as Omit<Written, 'token'>)
    : { id: path.split('/')[2]!, version: 0 }
  return { ...body, token: response.headers.get('consistency-token')! }
}
const person = (first_name = 'Ada') => ({
  first_name,
  last_name: 'King',
  email: `${crypto.randomUUID()}@example.com`,
})
const create = () => write('POST', '/users', person())

async function read(replica: RunningProcess, path: string, token?: string, wait = '25') {
  const headers = { ...(token && { 'consistency-token': token, prefer: `wait=${wait}` }) }
  const response = await fetch(replica.url + path, { headers })
  return { status: response.status, headers: response.headers, body: (await response.json()) as any }
}

/** Runs `count` of them, so many at once. */
async function concurrently(count: number, atOnce: number, run: (index: number) => Promise<void>) {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await run(index)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

test(`of ${pairs} writes, each is there at once for its writer, on either replica`, async () => {
  const waitsMs: number[] = []
  const stale: unknown[] = []
  // Four changes of each user, which a stale read would show as they were before.
  await concurrently(pairs / 5, 128, async (index) => {
    let { id } = { id: '' }
    for (let change = 0; change < 5; change++) {
      const written: Written =
        change === 0 ? await create() : await write('PUT', `/users/${id}`, person(`Ada ${change}`))
      id = written.id
      const startedAtMs = performance.now()
      const { status, body } = await read(replicas[(index + change) % 2]!, `/users/${id}`, written.token)
      waitsMs.push(performance.now() - startedAtMs)
      if (status !== 200 || body.version < written.version) stale.push({ status, body, written })
    }
  })
  expect(stale.slice(0, 3)).toEqual([])
  expect(waitsMs.length).toBe(pairs)
  waitsMs.sort((a, b) => a - b)
  const quantile = (share: number) => waitsMs[Math.floor(waitsMs.length * share)]!.toFixed(1)
  console.log(
    `the reads of ${pairs} writes: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, most ${quantile(0.9999)} ms`,
  )
}, 300_000)

describe('while projecting is paused', () => {
  const outcome = ({ status, body }: { status: number; body: any }) => [status, body.type]

  const everyReplica = (what: string, holds: (check: { state: string }, count: number) => boolean) =>
    waitFor(
      async () => {
        const answers = await Promise.all(
          replicas.map(async (replica) => {
            const { checks } = (await replica.get('/health/ready')).body
            const check = checks.find(({ name }: { name: string }) => name === 'paused')
            // One that stands by takes what comes as soon as the other has left.
            return holds(check, await consumers(replica, 'up'))
          }),
        )
        return answers.every(Boolean)
      },
      { timeoutMs: 60_000, what },
    )

  async function paused(run: () => Promise<void>): Promise<void> {
    // A replica that has not seen the end of the last pause would miss the beginning of this one.
    await everyReplica('the end of the last pause', (check) => check.state === 'ok')
    await pauseProjector(collectionOf, { by: 'a test', reason: 'to be behind' })
    try {
      await everyReplica('the pause', (check, count) => check.state !== 'ok' && count === 0)
      await run()
    } finally {
      await resumeProjector(collectionOf)
    }
  }

  test('reads without the token are stale, those with it wait, and say so when it takes too long', async () => {
    let waiting: Promise<unknown[]> | undefined
    await paused(async () => {
      const written = await Promise.all(Array.from({ length: 20 }, create))
      for (const replica of replicas) {
        const answers = await Promise.all(written.map(({ id }) => read(replica, `/users/${id}`)))
        expect(answers.filter(({ status }) => status === 404).length).toBeGreaterThan(0)
        const late = await Promise.all(
          written.map(({ id, token }) => read(replica, `/users/${id}`, token, '0')),
        )
        expect(late.map(outcome)).toEqual(written.map(() => [503, '/problems/not-yet-applied']))
        expect([late[0]!.headers.get('retry-after'), late[0]!.headers.get('preference-applied')]).toEqual([
          '1',
          'wait=0',
        ])
      }
      const { id, token } = written[0]!
      expect(outcome(await read(reader, '/users', token, '1'))).toEqual([503, '/problems/not-yet-applied'])
      waiting = Promise.all(
        [...replicas, reader].flatMap((process) => [
          read(process, `/users/${id}`, token).then(({ status, body }) => [status, body.id === id]),
        ]),
      )
    })
    expect(await waiting).toEqual([...replicas, reader].map(() => [200, true]))
  }, 120_000)

  test(
    'what is parked is told at once',
    () =>
      paused(async () => {
        const { id, version, token } = await create()
        const parked = {
          _id: 'users-g1/of-a-test',
          group: 'users-g1',
          aggregate_id: id,
          version,
          parked_at: '2026-01-01',
        }
        await collectionOf<typeof parked>('parked_events').insertOne(parked)
        try {
          const startedAtMs = performance.now()
          const answers = await Promise.all(replicas.map((replica) => read(replica, `/users/${id}`, token)))
          expect(answers.map(outcome)).toEqual(replicas.map(() => [503, '/problems/parked']))
          expect(performance.now() - startedAtMs).toBeLessThan(9_000)
        } finally {
          await collectionOf('parked_events').deleteOne({ _id: parked._id })
        }
      }),
    120_000,
  )

  test(
    'who leaves makes place, and who waits is answered when the process stops',
    () =>
      paused(async () => {
        const { id, token } = await create()
        const url = `${reader.url}/users/${id}`
        /** There is one place: one of the two is told so at once, and the other waits. */
        async function twoWait() {
          const both = [0, 1].map((index) => {
            const leaving = new AbortController()
            const headers = { 'consistency-token': token, prefer: 'wait=25' }
            const body = fetch(url, { headers, signal: leaving.signal }).then(
              (response) => response.json() as Promise<any>,
              () => 'left',
            )
            return { index, leaving, body }
          })
          const [refused, index] = await Promise.race(
            both.map(async ({ body, index }) => [await body, index] as const),
          )
          expect(refused.detail).toContain('no place')
          return both[1 - index]!
        }
        const startedAtMs = performance.now()
        const first = await twoWait()
        first.leaving.abort()
        expect(await first.body).toBe('left')
        const second = await twoWait()
        expect(await reader.stop()).toBe(0)
        expect((await second.body).type).toBe('/problems/not-yet-applied')
        expect(performance.now() - startedAtMs).toBeLessThan(20_000)
      }),
    120_000,
  )
})

test('a list shows the write, a deletion is seen as such, and a token is for its own resource', async () => {
  const [one, other] = [await create(), await create()]
  for (const replica of replicas) {
    const { body } = await read(replica, '/users?sort=-created_at&limit=10', one.token)
    expect(body.items.map(({ id }: { id: string }) => id)).toContain(one.id)
    expect((await read(replica, `/users/${one.id}`, other.token)).body.type).toBe('/problems/bad-token')
  }
  const { token } = await write('DELETE', `/users/${one.id}`)
  for (const replica of replicas)
    expect((await read(replica, `/users/${one.id}`, token)).body).toMatchObject({
      status: 404,
      type: '/problems/not-found',
    })
}, 60_000)
