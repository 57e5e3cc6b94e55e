import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../tests/support/command-side.ts'
import { waitFor } from '../../tests/support/stack.ts'
import type { Command, CommandResult } from './command.ts'

let database: MigratedDatabase
let side: RunningCommandSide
/** A session of somebody else, as the owner. */
let foreign: SQL
beforeAll(async () => {
  database = await migratedDatabase()
  // Short, so that what waits for a foreign session is decided within a test.
  await database.sql.unsafe(
    `ALTER ROLE command IN DATABASE ${new URL(database.ownerUrl).pathname.slice(1)} SET lock_timeout = '150ms'`,
  )
  side = await startCommandSide(database.commandUrl)
  foreign = new SQL(database.ownerUrl, { max: 1 })
})
afterAll(async () => {
  await side.stop()
  await foreign.close()
  await database.close()
})
afterEach(async () => {
  await foreign.unsafe('ROLLBACK')
})

const create = (email: string, id = Bun.randomUUIDv7()): Command => ({
  aggregate: 'users',
  name: 'create',
  id,
  isNew: true,
  input: { first_name: 'A', last_name: 'B', email },
  headers: {},
})
const replace = (id: string, email: string): Command => ({
  ...create(email, id),
  name: 'replace',
  isNew: false,
})
const run = (...commands: Command[]) => Promise.all(commands.map((command) => side.loop.execute(command)))
const outcomes = (results: CommandResult[]) =>
  results.map((result) => (result.kind === 'rejected' ? result.rejection.reason : result.kind))
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  )
const eventsOf = async (id: string) =>
  (await database.sql`SELECT version FROM outbox WHERE aggregateid = ${id} ORDER BY seq`).map(
    ({ version }: { version: number }) => version,
  )
const uniqueEmail = () => `${Bun.randomUUIDv7()}@example.com`

test('500 commands of which 250 are duplicates cost one transaction', async () => {
  const taken = Array.from({ length: 125 }, (_, n) => `taken-${n}@example.com`)
  await run(...taken.map((email) => create(email)))
  const fresh = Array.from({ length: 250 }, (_, n) => `fresh-${n}@example.com`)
  // Half of the duplicates are stored already, half are of this very batch.
  const batch = [...fresh, ...taken, ...fresh.slice(0, 125)].map((email) => create(email))
  const results = outcomes(await run(...batch))
  expect(results.filter((outcome) => outcome === 'stored')).toHaveLength(250)
  expect(results.filter((outcome) => outcome === 'duplicate')).toHaveLength(250)
  const transactions = await database.sql`
    SELECT xmin::text AS id FROM users WHERE email LIKE 'fresh-%' UNION SELECT o.xmin::text FROM outbox o
    WHERE o.payload ->> 'email' LIKE 'fresh-%'`
  expect(transactions).toHaveLength(1)
})

test('a missing user, and two commands on one user, in one batch', async () => {
  const [made] = await run(create('fold@example.com'))
  const id = made!.kind === 'stored' ? String(made!.state['id']) : ''
  const results = await run(
    replace(Bun.randomUUIDv7(), 'nobody@example.com'),
    replace(id, 'fold-2@example.com'),
    replace(id, 'fold-3@example.com'),
  )
  expect(outcomes(results)).toEqual(['not-found', 'stored', 'stored'])
  expect(results.map((result) => (result.kind === 'stored' ? result.version : 0))).toEqual([0, 2, 3])
  expect(await eventsOf(id)).toEqual([1, 2, 3])
  const [row] = await database.sql`SELECT email, version FROM users WHERE id = ${id}`
  expect(row).toEqual({ email: 'fold-3@example.com', version: 3 })
})

describe('a foreign session', () => {
  test('that holds a row delays its commands and nobody else', async () => {
    const id = Bun.randomUUIDv7()
    await run(create(uniqueEmail(), id))
    await foreign.unsafe(`BEGIN; SELECT 1 FROM users WHERE id = '${id}' FOR UPDATE`)
    let settled = false
    const blocked = run(replace(id, uniqueEmail())).finally(() => (settled = true))
    for (let round = 0; round < 20; round++)
      expect(outcomes(await run(create(uniqueEmail())))).toEqual(['stored'])
    expect(settled).toBe(false)
    await foreign.unsafe('COMMIT')
    expect(outcomes(await blocked)).toEqual(['stored'])
    expect(await eventsOf(id)).toEqual([1, 2])
  })
  test('that deletes the row it holds makes them not found', async () => {
    const id = Bun.randomUUIDv7()
    await run(create(uniqueEmail(), id))
    await foreign.unsafe(`BEGIN; DELETE FROM users WHERE id = '${id}'`)
    const blocked = run(replace(id, uniqueEmail()))
    await run(create(uniqueEmail()))
    await foreign.unsafe('COMMIT')
    expect(outcomes(await blocked)).toEqual(['not-found'])
  })
  test('that takes an e-mail after the read makes its command alone a duplicate', async () => {
    const email = uniqueEmail()
    await foreign.unsafe(
      `BEGIN; INSERT INTO users VALUES ('${Bun.randomUUIDv7()}', 'A', 'B', '${email}', '${email}', 1, now(), now())`,
    )
    const others = Array.from({ length: 9 }, () => create(uniqueEmail()))
    const splits = await count('commit_splits_total')
    const batch = run(...others.slice(0, 4), create(email), ...others.slice(4))
    // The batch waits for the foreign transaction at its unique value, then the database refuses it.
    await waitFor(
      async () =>
        (await database.sql`SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`).length >
        0,
      { timeoutMs: 2_000, what: 'the batch waits for the foreign session' },
    )
    await foreign.unsafe('COMMIT')
    const results = outcomes(await batch)
    expect(results.filter((outcome) => outcome === 'stored')).toHaveLength(9)
    expect(results[4]).toBe('duplicate')
    expect(await count('commit_splits_total')).toBeGreaterThan(splits)
  })
  test('that keeps an e-mail uncommitted makes the batch run twice and then fail', async () => {
    const email = uniqueEmail()
    await foreign.unsafe(
      `BEGIN; INSERT INTO users VALUES ('${Bun.randomUUIDv7()}', 'A', 'B', '${email}', '${email}', 1, now(), now())`,
    )
    const retries = await count('commit_retries_total')
    const failures = await count('command_failures_total')
    expect(await codeOf(run(create(email)))).toBe('timeout')
    expect(await count('commit_retries_total')).toBe(retries + 2)
    expect(await count('command_failures_total')).toBe(failures + 1)
    await foreign.unsafe('ROLLBACK')
    expect(outcomes(await run(create(email)))).toEqual(['stored'])
  })
})

describe('both rows or neither', () => {
  const failAppend = (code: string, when = 'true') =>
    database.sql.unsafe(`
      CREATE SEQUENCE IF NOT EXISTS failures;
      GRANT USAGE ON SEQUENCE failures TO command;
      CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF ${when} THEN RAISE EXCEPTION 'forced' USING ERRCODE = '${code}'; END IF;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER fail AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION fail()`)
  afterEach(async () => {
    await database.sql.unsafe('DROP TRIGGER IF EXISTS fail ON outbox; DROP SEQUENCE IF EXISTS failures')
  })
  const stored = async (id: string) => ({
    rows: (await database.sql`SELECT 1 FROM users WHERE id = ${id}`).length,
    events: (await eventsOf(id)).length,
  })

  test('a failure after the user was inserted leaves no zombie', async () => {
    await failAppend('P0001')
    const id = Bun.randomUUIDv7()
    expect(await codeOf(run(create(uniqueEmail(), id)))).toBe('internal')
    expect(await stored(id)).toEqual({ rows: 0, events: 0 })
  })
  test('a rejected user leaves no ghost', async () => {
    const email = uniqueEmail()
    const [kept, ghost] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()]
    await run(create(email, kept), create(email, ghost))
    expect(await stored(kept)).toEqual({ rows: 1, events: 1 })
    expect(await stored(ghost)).toEqual({ rows: 0, events: 0 })
  })
  test('a deadlock, which is nobody’s fault, runs the batch again whole', async () => {
    await failAppend('40P01', "nextval('failures') = 1")
    const id = Bun.randomUUIDv7()
    expect(outcomes(await run(create(uniqueEmail(), id), create(uniqueEmail())))).toEqual([
      'stored',
      'stored',
    ])
    expect(await stored(id)).toEqual({ rows: 1, events: 1 })
  })
  test('a value the database refuses is found by halves, and fails alone', async () => {
    await database.sql`ALTER TABLE users ADD CONSTRAINT no_mallory CHECK (email NOT LIKE 'mallory%')`
    const commands = Array.from({ length: 16 }, (_, n) =>
      create(n === 11 ? 'mallory@example.com' : uniqueEmail()),
    )
    const results = outcomes(await run(...commands))
    expect(results.filter((outcome) => outcome === 'stored')).toHaveLength(15)
    expect(results[11]).toBe('invalid')
  })
})

test('two instances that create the same e-mails give each to one of them', async () => {
  const other = await startCommandSide(database.commandUrl)
  const emails = Array.from({ length: 200 }, (_, n) => `race-${n}@example.com`)
  const results = await Promise.all(
    emails.flatMap((email) => [side.loop.execute(create(email)), other.loop.execute(create(email))]),
  )
  await other.stop()
  expect(outcomes(results).filter((outcome) => outcome === 'stored')).toHaveLength(200)
  const [{ rows, events }] = await database.sql`
    SELECT (SELECT count(*)::int FROM users WHERE email LIKE 'race-%') AS rows,
           (SELECT count(*)::int FROM outbox WHERE payload ->> 'email' LIKE 'race-%') AS events`
  expect({ rows, events }).toEqual({ rows: 200, events: 200 })
})

async function count(name: string): Promise<number> {
  const metric = await side.metrics.getSingleMetric(name)!.get()
  return metric.values.reduce((sum, { value }) => sum + value, 0)
}
