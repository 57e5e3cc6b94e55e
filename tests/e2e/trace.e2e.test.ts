import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { RunningProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

let system: RunningSystem
beforeAll(async () => {
  system = await startSystem()
}, 30_000)
afterAll(() => system.stop())

test('a request is followed by its id and trace from HTTP to the projection', async () => {
  const { command, query } = system
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
  for (const process of system.all) expect(mentions(process, 'traced@example.com')).toBe(false)
})
