import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { residentMb } from '../../../ops/faults/world/watcher.ts'
import { get, postUser } from '../../support/processes.ts'
import { waitFor } from '../../support/stack.ts'
import { startSystem, type RunningSystem } from '../../support/system.ts'
import { categories } from './categories.ts'
import { marker, services, type BadInput, type World } from './corpus.ts'
import { faultsOf } from './judge.ts'
import { sendRaw } from './raw-http.ts'
import { makeWorld } from './world.ts'

let system: RunningSystem
let world: World
let sql: SQL
beforeAll(async () => {
  system = await startSystem()
  sql = new SQL(system.env['POSTGRES_OWNER_URL']!, { max: 1 })
  world = await makeWorld({ command: system.command.url, query: system.query.url })
}, 60_000)
afterAll(async () => {
  await sql.close()
  await system.stop()
})

/** By category and service: how many answers had which status. */
const counts = new Map<string, Map<string, number>>()

for (const [category, casesOf] of Object.entries(categories))
  test(`${category}: each is answered as it should be, and nothing is written`, async () => {
    const cases = casesOf(world)
    const before = await written()
    const faults = await answered(cases, ({ to }, status) => {
      const key = `${category}, ${to}`
      const ofKey = counts.get(key) ?? new Map<string, number>()
      counts.set(key, ofKey.set(status, (ofKey.get(status) ?? 0) + 1))
    })
    expect(faults).toEqual([])
    expect(await written()).toEqual(before)
    expect(new Set(cases.map(({ to, name }) => `${to} ${name}`)).size).toBe(cases.length)
    for (const service of services)
      expect(cases.filter(({ to }) => to === service).length, service).toBeGreaterThanOrEqual(30)
  }, 60_000)

test('memory stays flat while all of it comes again and again', async () => {
  const cases = Object.values(categories).flatMap((casesOf) => casesOf(world))
  const held = () => services.map((service) => residentMb(system[service].pid)!)
  // All of it came once already: what is kept for good, code and pools, is there.
  const before = held()
  for (let round = 0; round < 2; round++) expect(await answered(cases)).toEqual([])
  const grownMb = held().map((now, index) => Math.round(now - before[index]!))
  console.log(
    `   grown over 2 rounds of ${cases.length} cases: ${services.map((name, n) => `${name} ${grownMb[n]} MB`).join(', ')}`,
  )
  expect(Math.max(...grownMb)).toBeLessThan(50)
}, 120_000)

test('the processes serve as before, and their logs have nothing of it', async () => {
  const { status, body } = await postUser(system.command.url, 'after@example.com')
  expect(status).toBe(201)
  await waitFor(async () => (await get(`${system.query.url}/users/${body.id}`)).status === 200, {
    timeoutMs: 10_000,
    what: 'the user to be read',
  })
  for (const { role, exitCode, log } of system.all) {
    expect([role, exitCode]).toEqual([role, null])
    const text = JSON.stringify(log)
    expect(text).not.toContain(marker)
    expect(text).not.toContain('example.com')
    expect([role, log.filter(({ level }) => /error|fatal/i.test(String(level)))]).toEqual([role, []])
  }
  console.log(`\n   cases by category and service, and by the status of the answer\n${table()}\n`)
})

/** Several at a time, each over a connection of its own. @returns what was wrong */
async function answered(
  cases: readonly BadInput[],
  onAnswer: (sent: BadInput, status: string) => void = () => {},
): Promise<string[]> {
  const faults: string[] = []
  const waiting = cases.toReversed()
  const clients = Array.from({ length: 6 }, async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { to, name, bytes, expect, halfClose = false } = next
      const answer = await sendRaw(system[to].url, bytes, {
        halfClose,
        untilClosed: expect.isClosed === true,
      })
      onAnswer(next, answer.status === 0 ? 'closed' : String(answer.status))
      for (const fault of faultsOf(next, answer)) faults.push(`${to}, ${name}: ${fault}`)
    }
  })
  await Promise.all(clients)
  return faults
}

/** What a write of any kind would change. */
async function written(): Promise<unknown> {
  const [row] = await sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT sum(version)::int FROM users) AS versions,
           (SELECT count(*)::int FROM outbox) AS events, (SELECT count(*)::int FROM idempotency_keys) AS keys`
  return row
}

function table(): string {
  return [...counts]
    .map(([key, byStatus]) => {
      const all = [...byStatus.values()].reduce((sum, count) => sum + count, 0)
      const each = [...byStatus].toSorted().map(([status, count]) => `${status}: ${count}`)
      return `   ${key.padEnd(28)} ${String(all).padStart(4)}   ${each.join(', ')}`
    })
    .join('\n')
}
