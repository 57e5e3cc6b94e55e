import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startProcess, type RunningProcess } from '../support/processes.ts'
import { createDatabase, createMongoUrl, createVhost, dropMongo, waitFor } from '../support/stack.ts'

let running: RunningProcess[]
let cleanUp: () => Promise<unknown>
beforeAll(async () => {
  const [database, vhost, mongoUrl] = [await createDatabase(), await createVhost(), createMongoUrl()]
  const env = {
    POSTGRES_OWNER_URL: database.ownerUrl,
    POSTGRES_URL: database.commandUrl,
    POSTGRES_RELAY_URL: database.relayUrl,
    RABBITMQ_URL: vhost.url,
    MONGO_URL: mongoUrl,
    PARTITIONS: '2',
  }
  running = await Promise.all([
    startProcess('command', env),
    startProcess('relay', env),
    startProcess('query', env),
  ])
  cleanUp = () => Promise.all([database.drop(), vhost.drop(), dropMongo(mongoUrl)])
  const ready = async () =>
    (await Promise.all(running.map(({ url }) => fetch(`${url}/health/ready`)))).every(({ ok }) => ok)
  await waitFor(ready, { timeoutMs: 20_000, what: 'the services' })
}, 30_000)
afterAll(async () => {
  await Promise.all(running.map((process) => process.stop()))
  await cleanUp()
})

test('a request is followed by its id and trace from HTTP to the projection', async () => {
  const [command, , query] = running as [RunningProcess, RunningProcess, RunningProcess]
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const response = await fetch(`${command.url}/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'follow-me-1', traceparent },
    body: JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'traced@example.com' }),
  })
  expect([response.status, response.headers.get('x-request-id')]).toEqual([201, 'follow-me-1'])
  const mentions = (process: RunningProcess, text: string) =>
    process.log.some((entry) => JSON.stringify(entry).includes(text))
  // The relay passes the envelope on without parsing it.
  for (const process of [command, query])
    await waitFor(
      () => mentions(process, 'follow-me-1') && mentions(process, '0af7651916cd43dd8448eb211c80319c'),
      {
        timeoutMs: 10_000,
        what: `the ${process.role}'s log to mention the request`,
      },
    )
  // No personal data in any line of any process.
  for (const process of running) expect(mentions(process, 'traced@example.com')).toBe(false)
})
