import { afterAll, beforeAll, expect, test } from 'bun:test'
import { silentLogger } from '../shared/process/log.ts'
import { stackEnv, waitFor } from '../tests/support/stack.ts'
import { createDatabase, type Database } from './database.ts'
import { readModels } from './read-models.ts'

const timeoutMs = 500
const warnings: string[] = []
let database: Database
beforeAll(async () => {
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  database = createDatabase({ url: stackEnv().MONGO_URL, readModels, poolMax: 4, timeoutMs, log })
  await database.start()
  await waitFor(answers, { timeoutMs: 10_000, what: 'the store' })
})
afterAll(() => database.stop())

const answers = () =>
  database.ping().then(
    () => true,
    () => false,
  )

test('a driver whose check of the store hangs is started over, and goes on serving', async () => {
  const client = database.orm.em.getConnection().getClient()
  const before = client.listenerCount('serverHeartbeatStarted')
  const restarted = new Promise((resolve) => client.once('topologyOpening', resolve))
  // What the driver tells when it begins a check whose connection is closed in the moment in which it is made.
  client.emit('serverHeartbeatStarted', { connectionId: 'a server', awaited: false } as never)
  await restarted
  await waitFor(answers, { timeoutMs: 10_000, what: 'the store again' })
  expect(warnings).toEqual(['the driver no longer looks for the store: starting it over'])
  expect(client.listenerCount('serverHeartbeatStarted')).toBe(before)
})
