import { afterEach, beforeEach, expect, test } from 'bun:test'
import { replayMarkerType } from '../../../shared/messaging/replay.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { behindProxy } from '../../../tests/support/proxy.ts'
import { stackEnv, waitFor } from '../../../tests/support/stack.ts'
import { testGroup, type TestGroup } from '../testing/group.ts'
import { insertUsers, living, replayRow, stateOfUsers, type ReplayRow } from '../testing/state.ts'
import { aggregateIds, eventRow, relayWorld, type RelayWorld } from '../testing/world.ts'

let world: RelayWorld
let group: TestGroup
beforeEach(async () => {
  world = await relayWorld()
  group = await testGroup(world.vhost.url, 'users-g1')
})
afterEach(async () => {
  await group.close()
  await world.end()
})

/** One window at a time: each waits until the one before was taken out of the queues. */
const stepwise = {
  RELAY_REPLAY_WINDOW: '20',
  RELAY_REPLAY_DEPTH_MAX: '0',
  RELAY_LEASE_TTL_MS: '1000',
  RELAY_HEARTBEAT_INTERVAL_MS: '60000',
}
const phaseOf = async (id: string) => (await replayRow(world.database.sql, id))?.phase
const taken = (type: string) => group.taken.filter((message) => message.type === type)

/** Takes what is there, until the replay is in the middle of `phase`: it goes on when more is taken. */
async function pullUntil(id: string, phase: string): Promise<void> {
  const pulled = (isThere: (row: ReplayRow | undefined) => boolean, intervalMs: number) =>
    waitFor(
      async () => {
        if (isThere(await replayRow(world.database.sql, id))) return true
        await group.pull()
        return false
      },
      { timeoutMs: 20_000, what: `phase ${phase}`, intervalMs },
    )
  await pulled((row) => row?.phase === phase, 5)
  // Slowly: several windows pass between two stores of the progress.
  if (phase !== 'markers') await pulled((row) => (row?.position ?? '0') !== '0', 200)
}

async function pullToTheEnd(id: string): Promise<void> {
  await waitFor(
    async () => {
      await group.pull()
      return (await phaseOf(id)) === 'done' && group.markers.length >= 8
    },
    { timeoutMs: 20_000, what: 'the end', intervalMs: 5 },
  )
}

test.each(['snapshot', 'log', 'markers'])(
  'a relay killed in phase %s: the next goes on from there and ends it',
  async (phase) => {
    await group.declare()
    await insertUsers(world.admin, 200)
    const ids = await world.append(aggregateIds(50, 4))
    const killed = await world.spawn(stepwise)
    await waitFor(async () => (await world.cursor()).seq === ids.length, {
      timeoutMs: 20_000,
      what: 'the cursor',
    })
    const live = group.taken.length + (await group.pull())
    expect(live).toBeGreaterThan(0)
    const id = await group.ask()
    await pullUntil(id, phase)
    await killed.kill('SIGKILL')
    const [{ seq: kept }] = await world.database.sql`
      SELECT seq::float8 AS seq FROM outbox_cursor WHERE name = ${'replay:' + id}`
    expect(kept).toBeLessThanOrEqual(ids.length)

    const next = await world.start(stepwise)
    await waitFor(() => next.status.role === 'active', { timeoutMs: 10_000, what: 'the next relay' })
    await pullToTheEnd(id)
    const rows = await stateOfUsers(world.database.sql)
    for (const [user, row] of rows) expect(group.documents.get(user)).toEqual(row)
    const replayed = new Set(
      group.taken.filter(({ replay }) => replay === id).map(({ seq, type }) => `${type} ${seq}`),
    )
    expect([...replayed].filter((text) => text.startsWith('users.user.updated.v2'))).toHaveLength(ids.length)
    // What was sent before the kill is not sent again from the beginning.
    const resent = await next.metric('relay_replay_sent_total')
    const least = { snapshot: 180 + ids.length, log: ids.length - 20, markers: 0 }[phase]!
    expect(resent).toBeLessThanOrEqual(least + 8)
    for (let partition = 0; partition < 8; partition++) {
      const queue = group.taken.filter((message) => message.partition === partition && message.replay === id)
      expect(queue.at(-1)!.type).toBe(replayMarkerType)
    }
  },
  60_000,
)

test('a lease that is lost ends the replay at once; whoever was replaced moves it no more', async () => {
  await group.declare()
  await insertUsers(world.admin, 200)
  const relay = await world.start({ ...stepwise, RELAY_LEASE_TTL_MS: '60000' })
  const id = await group.ask()
  await pullUntil(id, 'snapshot')
  const before = await replayRow(world.database.sql, id)
  await world.database.sql`
    UPDATE outbox_cursor SET owner = 'thief', token = token + 1, expires_at = clock_timestamp() + interval '1 hour'
    WHERE name = 'relay'`
  // Its renewal is twenty seconds away: only the fence of its next progress stands in its way.
  await waitFor(
    async () => {
      await group.pull()
      return relay.status.role === 'standby'
    },
    { timeoutMs: 10_000, what: 'the end of its term' },
  )
  expect(relay.status.replays).toEqual([])
  expect(await replayRow(world.database.sql, id)).toEqual(before!)
  expect(taken(replayMarkerType)).toHaveLength(0)
}, 30_000)

test('a log that is dropped under a replay all the same: the current state takes its place', async () => {
  await group.declare()
  const users = await insertUsers(world.admin, 200)
  const rows = users.map((id) => eventRow(id, 3))
  await world.command`INSERT INTO outbox ${world.command(rows)}`
  await world.start(stepwise)
  await waitFor(async () => (await world.cursor()).seq === 200, { timeoutMs: 10_000, what: 'the cursor' })
  const id = await group.ask({ scope: { kind: 'from', seq: 0 } })
  await pullUntil(id, 'log')
  await world.admin`DELETE FROM outbox WHERE seq <= 190`
  await pullToTheEnd(id)
  const snapshots = taken('users.user.snapshot.v2')
  expect(snapshots).toHaveLength(200)
  expect(taken('users.user.updated.v2').filter(({ replay }) => replay).length).toBeLessThan(200)
}, 30_000)

test('a queue that is missing is waited for, visibly, and holds up no other replay', async () => {
  await insertUsers(world.admin, 50)
  await group.declare([0, 1, 2, 4, 5, 6, 7])
  const other = await testGroup(world.vhost.url, 'users-g2')
  await other.declare()
  await other.consume()
  const relay = await world.start()
  const id = await group.ask()
  const check = async () => (await relay.health.pipeline()).checks.find(({ name }) => name === 'replays')!
  await waitFor(async () => (await check()).state === 'degraded', { timeoutMs: 15_000, what: 'the alarm' })
  expect((await check()).reason).toBe('the replay for users-g1 waits: the queue users-g1.p03of08 is missing')
  expect(await relay.metric('relay_replays_held_up')).toBe(1)
  await group.pull([0, 1, 2, 4, 5, 6, 7])
  expect(group.taken).toEqual([])

  await other.ask()
  await waitFor(() => other.markers.length === 8, { timeoutMs: 10_000, what: 'the other replay' })
  await group.declare([3])
  await group.consume()
  await waitFor(async () => (await phaseOf(id)) === 'done', { timeoutMs: 10_000, what: 'the end' })
  await waitFor(() => group.markers.length === 8, { timeoutMs: 5_000, what: 'the markers' })
  expect(living(group)).toEqual(await stateOfUsers(world.database.sql))
  await other.close()
}, 60_000)

test('a queue deleted in the middle is waited for too, and the rest is sent when it is there again', async () => {
  await group.declare()
  await insertUsers(world.admin, 400)
  const relay = await world.start({ ...stepwise, RELAY_REPLAY_DEPTH_MAX: '9' })
  const id = await group.ask()
  const waitsFor = (text: string) =>
    waitFor(() => relay.status.replays[0]?.reason?.includes(text), { timeoutMs: 10_000, what: text })
  await waitsFor('holds')
  await group.deleteQueue(3)
  await waitsFor('the queue users-g1.p03of08 is missing')
  await group.declare([3])
  await group.consume()
  await waitFor(async () => (await phaseOf(id)) === 'done', { timeoutMs: 10_000, what: 'the end' })
  await waitFor(() => group.markers.length === 8, { timeoutMs: 5_000, what: 'the markers' })
  const others = ([user]: [string, unknown]) => partitionOf(user, 8) !== 3
  const rows = await stateOfUsers(world.database.sql)
  expect(new Map([...living(group)].filter(others))).toEqual(new Map([...rows].filter(others)))
}, 30_000)

test('a connection cut and a broker that goes away in the middle: all of it is sent in the end', async () => {
  const { proxy } = await behindProxy(stackEnv().RABBITMQ_URL)
  await group.declare()
  await insertUsers(world.admin, 1_500)
  const relay = await world.start({ RABBITMQ_URL: proxy.url(world.vhost.url), RELAY_REPLAY_WINDOW: '50' })
  const id = await group.ask()
  await group.consume()
  await sent(300)
  proxy.cut()
  await sent(600)
  await proxy.down()
  await waitFor(() => relay.status.replays[0]?.reason, { timeoutMs: 10_000, what: 'the wait' })
  await proxy.up()
  await waitFor(async () => (await phaseOf(id)) === 'done', { timeoutMs: 30_000, what: 'the end' })
  await waitFor(() => group.markers.length >= 8, { timeoutMs: 5_000, what: 'the markers' })
  expect(living(group)).toEqual(await stateOfUsers(world.database.sql))
  await relay.stop()
  await proxy.stop()

  async function sent(count: number): Promise<void> {
    const isThere = async () => (await relay.metric('relay_replay_sent_total')) >= count
    await waitFor(isThere, { timeoutMs: 20_000, what: `${count} messages`, intervalMs: 2 })
  }
}, 60_000)
