import { afterAll, beforeAll, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { discardParked, followRelease, listParked, releaseParked, showParked, sideOf } from './parked.ts'
import { operatorWorld, type World } from './testing/world.ts'

const [first, second] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
let world: World
beforeAll(async () => {
  world = await operatorWorld()
  for (const id of [first, second]) await parkAtRelay(id)
  await world.startRelay()
  await world.startProjector()
  await world.consuming()
})
afterAll(() => world.end())

/** As a relay before this one left it: two versions kept back, the cursor beyond them. */
async function parkAtRelay(id: string): Promise<void> {
  const state = { id, first_name: 'Ada', last_name: 'Lovelace', email: 'a@example.com' }
  const time = new Date().toISOString()
  for (const version of [1, 2])
    await world.sql`
      WITH appended AS (
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload) VALUES
          (${Bun.randomUUIDv7()}, 'users', ${id}, 'users.user.updated.v1', ${version},
           ${{ ...state, created_at: time, updated_at: time }})
        RETURNING *)
      INSERT INTO outbox_parked (seq, id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
      SELECT seq, id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at FROM appended`
  await world.sql`
    INSERT INTO outbox_parked_aggregates (aggregatetype, aggregateid, reason, first_seq, events)
    SELECT 'users', ${id}, 'nacked', min(seq), count(*) FROM outbox_parked WHERE aggregateid = ${id}`
  await world.sql`UPDATE outbox_cursor SET seq = (SELECT max(seq) FROM outbox) WHERE name = 'relay'`
}

/** What no projection can make anything of, straight into a queue. */
async function poison(): Promise<string> {
  const channel = await (await world.connections.broker()).channel()
  const messageId = crypto.randomUUID()
  await channel.confirmSelect()
  await channel.basicPublish('', 'users-g1.p00of02', '{"no": "envelope of ada@example.com"}', { messageId })
  await channel.close()
  return waitFor(
    async () =>
      (await listParked(world.connections, 'projector')).find(({ id }) => id.includes(messageId))?.id,
    { timeoutMs: 15_000, what: 'the event to be parked' },
  )
}

const following = { patienceMs: 20_000, signal: new AbortController().signal, onProgress: () => {} }

test('both sides stand in one list, and an id tells its side', async () => {
  const event = await poison()
  const parked = await listParked(world.connections, undefined)
  expect(parked).toHaveLength(3)
  expect(parked).toContainEqual({
    side: 'relay',
    id: `users/${first}`,
    aggregateId: first,
    events: 2,
    reason: 'nacked',
    since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    release: 'no',
  })
  expect(parked).toContainEqual(
    expect.objectContaining({ side: 'projector', id: event, events: 1, reason: 'not-an-envelope' }),
  )
  expect((await listParked(world.connections, 'relay')).map(({ id }) => id).sort()).toEqual([
    `users/${first}`,
    `users/${second}`,
  ])
  expect(parked.map(({ side, id }) => side === sideOf(id))).toEqual([true, true, true])
  expect(() => sideOf('nonsense')).toThrow('as `parked list` has it')
})

test('the data of an event is shown only where it is asked for', async () => {
  const event = await poison()
  const shown = await showParked(world.connections, event, { showData: false })
  expect(shown).toMatchObject({ side: 'projector', detail: { code: 'not-an-envelope' } })
  expect(JSON.stringify(shown)).not.toContain('ada@example.com')
  const withData = await showParked(world.connections, event, { showData: true })
  expect(withData?.detail['body']).toContain('ada@example.com')
  const atRelay = await showParked(world.connections, `users/${first}`, { showData: false })
  expect(atRelay?.detail['first']).toMatchObject([{ version: 1 }, { version: 2 }])
  expect(await showParked(world.connections, 'users/nobody', { showData: false })).toBeUndefined()
})

test('a release at the relay brings the newest state to the read side', async () => {
  const unknown = `users/${crypto.randomUUID()}`
  expect(await releaseParked(world.connections, [`users/${first}`, unknown])).toEqual([unknown])
  expect(await followRelease(world.connections, [`users/${first}`], following)).toEqual([])
  await waitFor(async () => (await world.users.findOne({ _id: first }))?.version === 2, {
    timeoutMs: 10_000,
    what: 'the released state',
  })
})

test('a release that fails again is told, and stays parked', async () => {
  const event = await poison()
  expect(await releaseParked(world.connections, [event])).toEqual([])
  const left = await followRelease(world.connections, [event], following)
  expect(left).toMatchObject([{ id: event, release: 'failed' }])
})

test('a discard is for good', async () => {
  const event = await poison()
  expect(await discardParked(world.connections, [`users/${second}`, event])).toBe(3)
  await waitFor(
    async () => (await listParked(world.connections, 'relay')).every(({ id }) => id !== `users/${second}`),
    { timeoutMs: 10_000, what: 'the relay to let it go' },
  )
  expect((await listParked(world.connections, 'projector')).map(({ id }) => id)).not.toContain(event)
  expect(await world.sql`SELECT 1 FROM outbox_parked WHERE aggregateid = ${second}`).toHaveLength(0)
})
