import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { migratedDatabase, type MigratedDatabase } from '../support/command-side.ts'
import { get, postUser, startProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'

let database: MigratedDatabase
beforeAll(async () => {
  database = await migratedDatabase()
})
afterAll(() => database.close())

const start = async (env: Record<string, string> = {}) => {
  const command = await startProcess('command', { POSTGRES_URL: database.commandUrl, ...env })
  await waitFor(async () => (await get(`${command.url}/health/ready`)).status === 200, {
    timeoutMs: 10_000,
    what: 'ready',
  })
  return command
}

test('SIGTERM lets a request in flight end, and refuses new ones', async () => {
  const command = await start()
  const { body: user } = await postUser(command.url, 'in-flight@example.com')
  const foreign = new SQL(database.ownerUrl, { max: 1 })
  await foreign.unsafe(`BEGIN; SELECT 1 FROM users WHERE id = '${user.id}' FOR UPDATE`)
  const inFlight = fetch(`${command.url}/users/${user.id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ first_name: 'Ada', last_name: 'King', email: 'in-flight@example.com' }),
  })
  const waits = async () =>
    (await (await fetch(`${command.url}/metrics`)).text()).includes('commit_requeued_total{reason="locked"')
  await waitFor(waits, { timeoutMs: 5_000, what: 'the request to wait for the row' })

  const stopped = command.stop()
  await waitFor(async () => [0, 503].includes((await get(`${command.url}/health/ready`)).status), {
    timeoutMs: 5_000,
    what: 'ready to turn red',
  })
  await foreign.unsafe('COMMIT')
  const answer = await inFlight
  expect([answer.status, await answer.json()]).toMatchObject([200, { version: 2 }])
  expect(await stopped).toBe(0)
  await foreign.close()
})

test('for a balancer in front it goes on working, with ready red, until the delay is over', async () => {
  const delayMs = 1_500
  const command = await start({ SHUTDOWN_DELAY_MS: String(delayMs) })
  const signalledAtMs = performance.now()
  const stopped = command.stop()
  await waitFor(async () => (await get(`${command.url}/health/ready`)).status === 503, {
    timeoutMs: delayMs,
    what: 'ready to turn red',
  })
  expect((await postUser(command.url, 'delayed@example.com')).status).toBe(201)
  expect(await stopped).toBe(0)
  expect(performance.now() - signalledAtMs).toBeGreaterThanOrEqual(delayMs)
})

test('SIGTERM under load: what was acknowledged is stored, nothing is stored twice, and it ends in time', async () => {
  const command = await start()
  const acknowledged: string[] = []
  const over = new AbortController()
  const clients = Array.from({ length: 20 }, async (_, client) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const answer = await postUser(command.url, `load-${client}-${n}@example.com`).catch(() => undefined)
      if (answer?.status === 201) acknowledged.push(answer.body.id)
    }
  })
  await waitFor(() => acknowledged.length > 200, { timeoutMs: 10_000, what: 'load' })
  const startedAtMs = performance.now()
  const code = await command.stop()
  over.abort()
  await Promise.all(clients)
  expect([code, performance.now() - startedAtMs < 10_000]).toEqual([0, true])
  const rows = await database.sql`SELECT id FROM users WHERE email LIKE 'load-%'`
  const events = await database.sql`SELECT aggregateid FROM outbox WHERE payload ->> 'email' LIKE 'load-%'`
  const stored = new Set(rows.map(({ id }: { id: string }) => id))
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
  expect(events.map(({ aggregateid }: { aggregateid: string }) => aggregateid).toSorted()).toEqual(
    [...stored].toSorted(),
  )
})
