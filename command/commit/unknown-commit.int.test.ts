import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { waitFor } from '../../tests/support/stack.ts'
import { startDoubt, withStore, type Doubt } from './testing/doubt.ts'

let doubt: Doubt
beforeEach(async () => {
  doubt = await startDoubt({ COMMAND_TIMEOUT_MS: '1500', DATABASE_AWAY_MAX_MS: '2500' })
})
afterEach(() => doubt.stop())

const post = (n: number) =>
  doubt.side.call('POST', '/users', { first_name: 'A', last_name: 'B', email: `user-${n}@example.com` })
const counts = async () => {
  const [row] = await doubt.database.sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM outbox) AS events`
  return row as { users: number; events: number }
}

describe('the connection dies while COMMIT is under way', () => {
  test('committed, with the answer lost: everybody is told so, and nothing is applied twice', async () => {
    const commit = doubt.atCommit('outbox', () => {
      doubt.proxy.mute('toClient')
      void waitFor(async () => (await counts()).events > 0, { timeoutMs: 15_000, what: 'the commit' }).then(
        () => {
          doubt.proxy.unmute()
          doubt.proxy.cut()
        },
      )
    })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(n)))
    expect(commit.passed()).toBe(true)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201))
    expect(await counts()).toEqual({ users: 50, events: 50 })
    expect(await doubt.unknown()).toEqual({ committed: 1 })
  })

  test('never arrived: the batch is run again, once', async () => {
    const commit = doubt.atCommit('outbox', () => {
      doubt.proxy.mute('both')
      queueMicrotask(() => {
        doubt.proxy.cut()
        doubt.proxy.unmute()
      })
    })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(n)))
    expect(commit.passed()).toBe(true)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201))
    expect(await counts()).toEqual({ users: 50, events: 50 })
    expect(await doubt.unknown()).toEqual({ absent: 1 })
  })

  test('and the database stays away: 503 says that nobody knows', async () => {
    doubt.atCommit('outbox', () => void doubt.proxy.down())
    const answer = await post(1)
    expect([answer.status, answer.body.type]).toEqual([503, '/problems/unavailable'])
    expect(answer.body.detail).toContain('not known')
    expect(answer.headers.get('retry-after')).toBeTruthy()
    expect(await doubt.unknown()).toEqual({ 'no answer': 1 })
    await doubt.proxy.up()
    await waitFor(async () => (await post(2)).status === 201, {
      timeoutMs: 15_000,
      what: 'the service to be back',
    })
    const { users, events } = await counts()
    expect(users).toBe(events)
  })
})

test('the connection dies before COMMIT: nothing of it is stored, and the batch is run again', async () => {
  let cuts = 0
  doubt.proxy.onData = (chunk, direction) => {
    if (direction === 'toServer' && chunk.includes('INSERT INTO outbox') && cuts++ === 0) doubt.proxy.cut()
  }
  expect((await post(1)).status).toBe(201)
  expect(cuts).toBe(2)
  expect(await counts()).toEqual({ users: 1, events: 1 })
  expect(await doubt.unknown()).toEqual({})
})

test('a look waits until the transaction in doubt has ended', () =>
  withStore(doubt.database.commandUrl, async (store) => {
    const doubtful = new SQL(doubt.database.commandUrl, { max: 1 })
    for (const end of ['COMMIT', 'ROLLBACK'] as const) {
      const eventId = Bun.randomUUIDv7()
      await doubtful.unsafe('BEGIN')
      await doubtful.unsafe(`INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload)
        VALUES ('${eventId}', 'users', '${eventId}', 'users.user.created.v2', 1, '{}')`)
      let found: boolean | undefined
      const look = store.wasCommitted({ kind: 'event', eventId, afterSeq: '0' }).then((is) => (found = is))
      const waits = async () => (await doubt.advisoryLocks(false)) === 1
      await waitFor(waits, { timeoutMs: 15_000, what: 'the look waits for the append lock' })
      expect(found).toBeUndefined()
      await doubtful.unsafe(end)
      expect(await look).toBe(end === 'COMMIT')
    }
    await doubtful.close()
  }))

test('PostgreSQL is away: 503 at once after the setting, ready is red, and all heals', async () => {
  expect((await post(1)).status).toBe(201)
  await doubt.proxy.down()
  const first = await post(2)
  expect([first.status, first.body.type]).toEqual([503, '/problems/unavailable'])
  expect((await doubt.side.call('GET', '/health/ready')).status).toBe(503)
  const startedAtMs = performance.now()
  expect((await post(3)).status).toBe(503)
  expect(performance.now() - startedAtMs).toBeLessThan(500)
  // Those that were never taken count too.
  const text = await doubt.side.metrics.metrics()
  expect(text).toContain('command_failures_total{reason="database-away",service="command"} 2')
  expect(text).toContain('command_accepting{service="command"} 0')
  await doubt.proxy.up()
  await waitFor(async () => (await doubt.side.call('GET', '/health/ready')).status === 200, {
    timeoutMs: 15_000,
    what: 'ready again',
  })
  await waitFor(async () => (await post(4)).status === 201, { timeoutMs: 15_000, what: 'writes again' })
  const { users, events } = await counts()
  expect(users).toBe(events)
})

test('a server that goes silent is cut off, and the batch is run again on a new connection', async () => {
  expect((await post(1)).status).toBe(201)
  const silent = Promise.withResolvers<void>()
  doubt.proxy.onData = (chunk, direction) => {
    if (direction === 'toServer' && chunk.includes('INSERT INTO outbox')) {
      doubt.proxy.onData = undefined
      doubt.proxy.mute('toClient')
      silent.resolve()
    }
  }
  const answer = post(2)
  await silent.promise
  // The watchdog destroys the socket; the server then ends the transaction that nobody waits for.
  const hangs = async () => (await doubt.advisoryLocks(true)) === 1
  await waitFor(hangs, { timeoutMs: 15_000, what: 'the transaction to hang' })
  await waitFor(async () => !(await hangs()), { timeoutMs: 15_000, what: 'the watchdog' })
  doubt.proxy.unmute()
  expect((await answer).status).toBe(201)
  expect(await counts()).toEqual({ users: 2, events: 2 })
})

test('cut connections cost the pool nothing: more cuts than it is large', async () => {
  for (let round = 1; round <= 6; round++) {
    let isCut = false
    doubt.proxy.onData = (chunk, direction) => {
      if (isCut || direction !== 'toServer' || !chunk.includes('INSERT INTO outbox')) return
      isCut = true
      doubt.proxy.cut()
    }
    expect((await post(round)).status).toBe(201)
    expect(isCut).toBe(true)
  }
})
