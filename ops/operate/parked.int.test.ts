import { afterAll, beforeAll, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { discardParked, followRelease, listParked, releaseParked, showParked, sideOf } from './parked.ts'
import { parkAtProjector, parkAtRelay } from './testing/parking.ts'
import { operatorWorld, type World } from './testing/world.ts'

const [first, second] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
let world: World
beforeAll(async () => {
  world = await operatorWorld()
  for (const id of [first, second]) await parkAtRelay(world, id)
  await world.startRelay()
  await world.startProjector()
  await world.consuming()
})
afterAll(() => world.end())

const following = { patienceMs: 20_000, signal: new AbortController().signal, onProgress: () => {} }

test('both sides stand in one list, and an id tells its side', async () => {
  const event = await parkAtProjector(world)
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
  const event = await parkAtProjector(world)
  const shown = await showParked(world.connections, event, { showData: false })
  expect(shown).toMatchObject({ side: 'projector', detail: { code: 'not-an-envelope' } })
  expect(JSON.stringify(shown)).not.toContain('ada@example.com')
  const withData = await showParked(world.connections, event, { showData: true })
  expect(withData?.detail['body']).toContain('ada@example.com')
  const atRelay = await showParked(world.connections, `users/${first}`, { showData: false })
  expect(atRelay?.events).toMatchObject([{ version: 1 }, { version: 2 }])
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
  const event = await parkAtProjector(world)
  expect(await releaseParked(world.connections, [event])).toEqual([])
  const left = await followRelease(world.connections, [event], following)
  expect(left).toMatchObject([{ id: event, release: 'failed' }])
})

test('a discard is for good', async () => {
  const event = await parkAtProjector(world)
  expect(await discardParked(world.connections, [`users/${second}`, event])).toBe(3)
  await waitFor(
    async () => (await listParked(world.connections, 'relay')).every(({ id }) => id !== `users/${second}`),
    { timeoutMs: 10_000, what: 'the relay to let it go' },
  )
  expect((await listParked(world.connections, 'projector')).map(({ id }) => id)).not.toContain(event)
  expect(await world.sql`SELECT 1 FROM outbox_parked WHERE aggregateid = ${second}`).toHaveLength(0)
})
