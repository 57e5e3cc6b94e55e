import { afterEach, beforeEach, expect, test } from 'bun:test'
import { startCommandSide, type RunningCommandSide } from '../../../tests/support/command-side.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { testGroup, type TestGroup } from '../testing/group.ts'
import { insertUsers, living, replayRow, stateOfUsers } from '../testing/state.ts'
import { pauseRelay, resumeRelay } from '../parking/operations.ts'
import { pauseOf } from '../status.ts'
import { relayWorld, type RelayWorld } from '../testing/world.ts'
import { replayMarkerType } from '../../../shared/messaging/replay.ts'

let world: RelayWorld
let command: RunningCommandSide
let group: TestGroup
let bystander: TestGroup
beforeEach(async () => {
  world = await relayWorld()
  command = await startCommandSide(world.database.commandUrl)
  group = await testGroup(world.vhost.url, 'users-g2')
  bystander = await testGroup(world.vhost.url, 'users-g1')
})
afterEach(async () => {
  await Promise.all([group.close(), bystander.close(), command.stop()])
  await world.end()
})

let people = 0
async function create(): Promise<string> {
  const n = ++people
  const { body, status } = await command.call('POST', '/users', person(n))
  expect(status).toBe(201)
  return body.id
}
const person = (n: number) => ({ first_name: `First ${n}`, last_name: 'Last', email: `p${n}@example.com` })
const change = async (id: string) => {
  const n = ++people
  expect((await command.call('PUT', `/users/${id}`, person(n))).status).toBe(200)
}
const remove = async (id: string) => expect((await command.call('DELETE', `/users/${id}`)).status).toBe(204)
const many = (count: number) => Promise.all(Array.from({ length: count }, create))

const done = (id: string) =>
  waitFor(async () => (await replayRow(world.database.sql, id))?.phase === 'done', {
    timeoutMs: 15_000,
    what: 'the end of the replay',
  })
const marked = (count: number) =>
  waitFor(() => group.markers.length >= count, { timeoutMs: 10_000, what: `${count} markers` })
const published = async () => {
  const [{ head }] = await world.database.sql`SELECT max(seq)::float8 AS head FROM outbox`
  await waitFor(async () => (await world.cursor()).seq === head, { timeoutMs: 10_000, what: 'the cursor' })
  return head as number
}
const readers = async () =>
  (await world.database.sql`SELECT name FROM outbox_cursor WHERE name <> 'relay'`).length

test('a group bound late gets everything, deletes too, while writes go on; markers come last, others get nothing', async () => {
  await bystander.declare()
  await bystander.consume()
  const relay = await world.start({ RELAY_REPLAY_WINDOW: '20' })
  const ids = await many(150)
  for (const id of ids.slice(0, 50)) await change(id)
  for (const id of ids.slice(50, 80)) await remove(id)
  await published()
  // The log no longer tells of these.
  await insertUsers(world.admin, 50)

  await group.declare()
  await group.consume()
  const over = new AbortController()
  const writing = (async () => {
    for (let n = 0; !over.signal.aborted; n++) {
      const id = await create()
      if (n % 3 > 0) await change(id)
      if (n % 3 > 1) await remove(id)
      if (n < 50) await change(ids[n]!)
      if (n < 30) await remove(ids[80 + n]!)
    }
  })()
  const id = await group.ask()
  await done(id)
  over.abort()
  await writing
  await published()
  await marked(8)

  const rows = await stateOfUsers(world.database.sql)
  await waitFor(() => living(group).size === rows.size, { timeoutMs: 5_000, what: 'the live events' })
  expect(living(group)).toEqual(rows)
  for (const deleted of ids.slice(50, 80)) expect(group.documents.get(deleted)?.version).toBe(2)
  expect(group.markers.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  for (const marker of group.markers) {
    expect(marker).toMatchObject({ request: id, sent: (await replayRow(world.database.sql, id))!.sent })
    const queue = group.taken.filter(
      ({ partition, replay }) => partition === marker.partition && replay === id,
    )
    expect(queue.at(-1)!.type).toBe(replayMarkerType)
    expect(queue.filter(({ type }) => type === replayMarkerType)).toHaveLength(1)
  }
  expect(bystander.taken.filter(({ replay }) => replay !== undefined)).toEqual([])
  expect(await readers()).toBe(0)
  expect(await relay.metric('relay_replay_sent_total')).toBe(
    group.taken.filter(({ replay }) => replay).length,
  )
  await waitFor(() => relay.status.replays.length === 0, { timeoutMs: 5_000, what: 'the view' })
}, 60_000)

test('an empty state is told by markers alone, at once', async () => {
  await group.declare()
  await group.consume()
  await world.start()
  const id = await group.ask()
  await marked(8)
  expect(group.taken.map(({ type }) => type)).toEqual(Array.from({ length: 8 }, () => replayMarkerType))
  expect(group.markers.every(({ sent, head }) => sent === 0 && head === 0)).toBe(true)
  await done(id)
}, 30_000)

test('from a position: the events after it, in order, and where the log does not reach back, the state', async () => {
  await bystander.declare()
  await world.start()
  await many(20)
  const middle = await published()
  const later = await many(20)
  await published()
  await group.declare()
  await group.consume()
  await done(await group.ask({ scope: { kind: 'from', seq: middle } }))
  await marked(8)
  const seqs = group.taken.filter(({ seq }) => seq > 0)
  expect(new Set(group.documents.keys())).toEqual(new Set(later))
  expect(seqs.every(({ type }) => type === 'users.user.created.v2')).toBe(true)
  for (let partition = 0; partition < 8; partition++) {
    const ofQueue = seqs.filter((event) => event.partition === partition).map(({ seq }) => seq)
    expect(ofQueue).toEqual(ofQueue.toSorted((a, b) => a - b))
  }

  // As retention would: the log now begins after `middle`.
  await world.admin`DELETE FROM outbox WHERE seq <= ${middle + 5}`
  await done(await group.ask({ scope: { kind: 'from', seq: middle } }))
  await marked(16)
  expect(living(group)).toEqual(await stateOfUsers(world.database.sql))
  expect(group.taken.some(({ type }) => type === 'users.user.snapshot.v2')).toBe(true)
}, 30_000)

test('one aggregate: its state and its events, a deleted one by its events; only the partitions asked for', async () => {
  await bystander.declare()
  await world.start()
  const [lively, deleted, other] = await many(3)
  await change(lively!)
  await remove(deleted!)
  await published()
  await group.declare()
  await group.consume()
  const replays = await Promise.all([
    group.ask({ scope: { kind: 'aggregate', id: lively!.toUpperCase() } }),
    group.ask({ scope: { kind: 'aggregate', id: deleted! } }),
    group.ask({ scope: { kind: 'aggregate', id: crypto.randomUUID() }, only: [3] }),
  ])
  for (const id of replays) await done(id)
  await marked(17)
  const rows = await stateOfUsers(world.database.sql)
  expect(group.documents.get(lively!)).toEqual(rows.get(lively!)!)
  expect(group.documents.get(deleted!)).toEqual({ version: 2, data: undefined })
  expect(group.documents.has(other!)).toBe(false)
  expect(group.markers.filter(({ request }) => request === replays[2])).toMatchObject([{ partition: 3 }])
}, 30_000)

test('requests that can never be served are refused and kept with the reason; what is no request is dropped', async () => {
  await world.start()
  await group.declare()
  await group.consume()
  const row = async (id: string) => await replayRow(world.database.sql, id)
  const refused = await group.ask({ partitions: 16 })
  const unknown = await group.ask({ aggregate: 'orders' })
  const beyond = await group.ask({ only: [8] })
  const unfit = await group.ask({ scope: { kind: 'aggregate', id: 'no uuid' } })
  await world.broker.send('relay.requests', 'not a request')
  const served = await group.ask()
  await done(served)
  // Again: known, and not served twice.
  await group.ask({ id: served })
  await waitFor(async () => (await row(unfit))?.phase === 'failed', { timeoutMs: 5_000, what: 'the failure' })
  expect((await row(refused))!.error).toMatch(/16 partitions and the relay 8/)
  expect((await row(unknown))!.error).toBe('there is no aggregate orders')
  expect((await row(beyond))!.error).toBe('there is no partition 8 of 8')
  expect((await row(unfit))!.error).toMatch(/does not fit the table/)
  await marked(8)
  expect(group.markers).toHaveLength(8)
  expect(await readers()).toBe(0)
}, 30_000)

test('what a group asks for each of its queues is sent once; a paused relay sends nothing of it', async () => {
  await bystander.declare()
  const relay = await world.start()
  await many(100)
  await published()
  await group.declare()
  await group.consume()
  await pauseRelay(world.database.sql, { by: 'an operator', reason: 'to look at it' })
  await waitFor(() => pauseOf(relay.status), { timeoutMs: 5_000, what: 'the pause' })
  const asked = await Promise.all(
    Array.from({ length: 8 }, (_, partition) => group.ask({ only: [partition] })),
  )
  await waitFor(() => relay.status.replays[0]?.requests === 8, { timeoutMs: 5_000, what: 'all requests' })
  expect(group.taken).toEqual([])

  await resumeRelay(world.database.sql)
  for (const id of asked) await done(id)
  await marked(8)
  expect(new Set(group.markers.map(({ request }) => request))).toEqual(new Set(asked))
  expect(group.taken.filter(({ type }) => type === 'users.user.snapshot.v2')).toHaveLength(100)
  // All of it counts for each.
  expect(group.markers.every(({ sent }) => sent === 200)).toBe(true)
  expect(living(group)).toEqual(await stateOfUsers(world.database.sql))
}, 30_000)
