import { afterAll, beforeAll, expect, test } from 'bun:test'
import { silentLogger } from '../../shared/process/log.ts'
import { httpServer } from '../../shared/process/http-server.ts'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../tests/support/command-side.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { Writers } from '../demo/writers.ts'
import { write } from './journey.ts'
import { overHttp } from './over-http.ts'
import { people } from './people.ts'

let database: MigratedDatabase
let side: RunningCommandSide
let server: ReturnType<typeof httpServer>
beforeAll(async () => {
  database = await migratedDatabase()
  side = await startCommandSide(database.commandUrl, {
    IDEMPOTENCY_KEY_REQUIRED: '1',
    IF_MATCH_REQUIRED: '1',
  })
  server = httpServer({ app: side.app, hostname: '127.0.0.1', port: 0, log: silentLogger })
  await server.start()
})
afterAll(async () => {
  await server.stop()
  await side.stop()
  await database.close()
})
const url = () => `http://127.0.0.1:${server.port}`

test('what seed writes is taken by a service that asks for keys and versions', async () => {
  const expected = await write({
    services: overHttp(url(), ''),
    people: people({ seed: 3, run: 'strict' }),
    count: 60,
    concurrency: 8,
    onProgress: () => {},
  })
  expect(expected.size).toBe(60)
  const [{ n }] = await database.sql`SELECT count(*)::int AS n FROM outbox`
  expect(n).toBe(60 + 20 + 6)
})

test('so is what demo writes', async () => {
  const writers = new Writers({ command: url(), query: '' }, 200)
  writers.start()
  await waitFor(async () => writers.acknowledged >= 60 || writers.failures.length > 0, {
    timeoutMs: 20_000,
    what: 'the writes',
  })
  await writers.stop()
  expect(writers.failures).toEqual([])
  expect(writers.acknowledged).toBe(writers.sent)
  expect(writers.record.some((line) => line.endsWith(' 2'))).toBe(true)
})
