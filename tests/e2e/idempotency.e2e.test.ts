import { afterAll, beforeAll, expect, test } from 'bun:test'
import { backoffMs, delay } from '../../shared/process/backoff.ts'
import { migratedDatabase, type MigratedDatabase } from '../support/command-side.ts'
import { get, startProcess, type RunningProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'

let database: MigratedDatabase
let instances: RunningProcess[]
beforeAll(async () => {
  database = await migratedDatabase()
  instances = await Promise.all([start(), start()])
}, 30_000)
afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.kill('SIGKILL')))
  await database.close()
})

async function start(): Promise<RunningProcess> {
  const command = await startProcess('command', { POSTGRES_URL: database.commandUrl })
  await waitFor(async () => (await get(`${command.url}/health/ready`)).status === 200, {
    timeoutMs: 10_000,
    what: 'ready',
  })
  return command
}

interface Final {
  readonly seen: string
  readonly isReplay: boolean
}

/** As a client does that has been told of the key: again, at one instance or the other, until there is an answer. */
async function persist(key: string, firstAt: number): Promise<Final> {
  const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: `${key}@example.com` })
  for (let attempt = 0; ; attempt++) {
    const { url } = instances[(firstAt + attempt) % 2]!
    try {
      const answer = await fetch(`${url}/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body,
        signal: AbortSignal.timeout(10_000),
      })
      const text = await answer.text()
      const isOpen = answer.status === 503 || text.includes('/problems/idempotency-key-in-use')
      const { headers, status } = answer
      if (!isOpen)
        return {
          seen: JSON.stringify([status, headers.get('location'), headers.get('etag'), text]),
          isReplay: headers.has('idempotency-replayed'),
        }
      retries.told++
    } catch {
      retries.lost++
    }
    await delay(backoffMs(attempt, { baseMs: 5, maxMs: 200 }, Math.random()))
  }
}
const retries = { told: 0, lost: 0 }

test('1,000 keys, each sent five times at once over two instances of which one is killed, have 1,000 effects', async () => {
  const keys = Array.from({ length: 1_000 }, () => crypto.randomUUID())
  const middle = Promise.withResolvers<void>()
  const answers = new Map<string, Final[]>()
  const waiting = [...keys]
  // A hundred keys at a time: so that there is a middle to be killed in.
  const clients = Array.from({ length: 100 }, async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      const five = [0, 1, 2, 3, 4].map((copy) => persist(key, copy))
      answers.set(key, await Promise.all(five))
      if (answers.size === 300) middle.resolve()
    }
  })
  await middle.promise
  expect(await instances[0]!.kill('SIGKILL')).not.toBe(0)
  instances[0] = await start()
  await Promise.all(clients)

  expect(retries.lost).toBeGreaterThan(0)
  expect(retries.told).toBeGreaterThan(0)
  expect(answers.size).toBe(1_000)
  for (const five of answers.values()) {
    expect(new Set(five.map(({ seen }) => seen)).size).toBe(1)
    expect(five[0]!.seen).toStartWith('[201,')
    // All but one, or all where the answer of that one was lost.
    expect(five.filter(({ isReplay }) => isReplay).length).toBeGreaterThanOrEqual(4)
  }
  const [counts] = await database.sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM outbox) AS events,
           (SELECT count(*)::int FROM idempotency_keys) AS keys`
  expect(counts).toEqual({ users: 1_000, events: 1_000, keys: 1_000 })

  // And still so when none of those processes is left.
  await instances[1]!.kill('SIGKILL')
  instances[1] = await start()
  for (const key of [keys[0]!, keys[500]!, keys[999]!])
    expect(await persist(key, 1)).toEqual({ seen: answers.get(key)![0]!.seen, isReplay: true })
}, 180_000)
