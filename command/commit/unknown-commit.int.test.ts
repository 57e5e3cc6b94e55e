import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import type { TcpProxy } from '../../ops/faults/tcp-proxy.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { silentLogger } from '../../shared/process/log.ts'
import {
  migratedDatabase,
  startCommandSide,
  type MigratedDatabase,
  type RunningCommandSide,
} from '../../tests/support/command-side.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { genericAggregates } from '../aggregates.ts'
import { connectDatabase } from '../database.ts'
import { createCommitStore } from './store.ts'

let database: MigratedDatabase
let proxy: TcpProxy
let side: RunningCommandSide
beforeEach(async () => {
  database = await migratedDatabase()
  const behind = await behindProxy(database.commandUrl)
  proxy = behind.proxy
  side = await startCommandSide(behind.url, {
    COMMAND_TIMEOUT_MS: '1500',
    DATABASE_AWAY_MAX_MS: '2500',
  })
})
afterEach(async () => {
  await proxy.up()
  await side.stop()
  await proxy.stop()
  await database.close()
})

/** Calls `act` once, when the first COMMIT of a writing transaction passes the proxy, before it is passed on. */
function atCommit(act: () => void) {
  let hasAppended = false
  let done = false
  proxy.onData = (chunk, direction) => {
    if (direction !== 'toServer' || done) return
    if (chunk.includes('INSERT INTO outbox')) hasAppended = true
    else if (hasAppended && /^Q....commit\0/is.test(chunk.toString('latin1'))) {
      done = true
      act()
    }
  }
  return { passed: () => done }
}
const post = (n: number) =>
  side.call('POST', '/users', { first_name: 'A', last_name: 'B', email: `user-${n}@example.com` })
const counts = async () => {
  const [row] = await database.sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM outbox) AS events`
  return row as { users: number; events: number }
}
const appendLocks = async (granted: boolean) => {
  const locks = await database.sql`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted = ${granted}
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  return locks.length
}
const unknown = async () => {
  const { values } = await side.metrics.getSingleMetric('commit_unknown_total')!.get()
  return Object.fromEntries(values.map(({ labels, value }) => [labels['found'], value]))
}

describe('the connection dies while COMMIT is under way', () => {
  test('committed, with the answer lost: everybody is told so, and nothing is applied twice', async () => {
    const commit = atCommit(() => {
      proxy.mute('toClient')
      void waitFor(async () => (await counts()).events > 0, { timeoutMs: 5_000, what: 'the commit' }).then(
        () => {
          proxy.unmute()
          proxy.cut()
        },
      )
    })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(n)))
    expect(commit.passed()).toBe(true)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201))
    expect(await counts()).toEqual({ users: 50, events: 50 })
    expect(await unknown()).toEqual({ committed: 1 })
  })

  test('never arrived: the batch is run again, once', async () => {
    const commit = atCommit(() => {
      proxy.mute('both')
      queueMicrotask(() => {
        proxy.cut()
        proxy.unmute()
      })
    })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(n)))
    expect(commit.passed()).toBe(true)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201))
    expect(await counts()).toEqual({ users: 50, events: 50 })
    expect(await unknown()).toEqual({ absent: 1 })
  })

  test('and the database stays away: 503 says that nobody knows', async () => {
    atCommit(() => void proxy.down())
    const answer = await post(1)
    expect([answer.status, answer.body.type]).toEqual([503, '/problems/unavailable'])
    expect(answer.body.detail).toContain('not known')
    expect(answer.headers.get('retry-after')).toBeTruthy()
    expect(await unknown()).toEqual({ 'no answer': 1 })
    await proxy.up()
    await waitFor(async () => (await post(2)).status === 201, {
      timeoutMs: 5_000,
      what: 'the service to be back',
    })
    const { users, events } = await counts()
    expect(users).toBe(events)
  })
})

test('the connection dies before COMMIT: nothing of it is stored, and the batch is run again', async () => {
  let cuts = 0
  proxy.onData = (chunk, direction) => {
    if (direction === 'toServer' && chunk.includes('INSERT INTO outbox') && cuts++ === 0) proxy.cut()
  }
  expect((await post(1)).status).toBe(201)
  expect(cuts).toBe(2)
  expect(await counts()).toEqual({ users: 1, events: 1 })
  expect(await unknown()).toEqual({})
})

test('a look waits until the transaction in doubt has ended', async () => {
  const connection = connectDatabase({
    url: database.commandUrl,
    aggregates: genericAggregates,
    poolMax: 2,
    log: silentLogger,
  })
  const store = createCommitStore({ orm: connection.orm, aggregates: genericAggregates })
  const doubtful = new SQL(database.commandUrl, { max: 1 })
  for (const end of ['COMMIT', 'ROLLBACK'] as const) {
    const eventId = Bun.randomUUIDv7()
    await doubtful.unsafe('BEGIN')
    await doubtful.unsafe(`INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload)
      VALUES ('${eventId}', 'users', '${eventId}', 'users.user.created.v1', 1, '{}')`)
    let found: boolean | undefined
    const look = store.wasCommitted({ eventId, afterSeq: '0' }).then((is) => (found = is))
    const waits = async () =>
      (
        await database.sql`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      ).length === 1
    await waitFor(waits, { timeoutMs: 1_500, what: 'the look waits for the append lock' })
    expect(found).toBeUndefined()
    await doubtful.unsafe(end)
    expect(await look).toBe(end === 'COMMIT')
  }
  await doubtful.close()
  await connection.close()
})

test('PostgreSQL is away: 503 at once after the setting, ready is red, and all heals', async () => {
  expect((await post(1)).status).toBe(201)
  await proxy.down()
  const first = await post(2)
  expect([first.status, first.body.type]).toEqual([503, '/problems/unavailable'])
  expect((await side.call('GET', '/health/ready')).status).toBe(503)
  const startedAtMs = performance.now()
  expect((await post(3)).status).toBe(503)
  expect(performance.now() - startedAtMs).toBeLessThan(500)
  await proxy.up()
  await waitFor(async () => (await side.call('GET', '/health/ready')).status === 200, {
    timeoutMs: 5_000,
    what: 'ready again',
  })
  await waitFor(async () => (await post(4)).status === 201, { timeoutMs: 5_000, what: 'writes again' })
  const { users, events } = await counts()
  expect(users).toBe(events)
})

test('a server that goes silent is cut off, and the batch is run again on a new connection', async () => {
  expect((await post(1)).status).toBe(201)
  const silent = Promise.withResolvers<void>()
  proxy.onData = (chunk, direction) => {
    if (direction === 'toServer' && chunk.includes('INSERT INTO outbox')) {
      proxy.onData = undefined
      proxy.mute('toClient')
      silent.resolve()
    }
  }
  const answer = post(2)
  await silent.promise
  // The watchdog destroys the socket; the server then ends the transaction that nobody waits for.
  const hangs = async () => (await appendLocks(true)) === 1
  await waitFor(hangs, { timeoutMs: 1_000, what: 'the transaction to hang' })
  await waitFor(async () => !(await hangs()), { timeoutMs: 5_000, what: 'the watchdog' })
  proxy.unmute()
  expect((await answer).status).toBe(201)
  expect(await counts()).toEqual({ users: 2, events: 2 })
})

test('cut connections cost the pool nothing: more cuts than it is large', async () => {
  for (let round = 1; round <= 6; round++) {
    let isCut = false
    proxy.onData = (chunk, direction) => {
      if (isCut || direction !== 'toServer' || !chunk.includes('INSERT INTO outbox')) return
      isCut = true
      proxy.cut()
    }
    expect((await post(round)).status).toBe(201)
    expect(isCut).toBe(true)
  }
})
