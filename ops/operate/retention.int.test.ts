import { afterAll, beforeAll, expect, test } from 'bun:test'
import { applyRetention, readRetention } from './retention.ts'
import { operatorWorld, type World } from './testing/world.ts'

let world: World
beforeAll(async () => {
  world = await operatorWorld()
  // Small segments behind the first, which the migration made.
  await world.sql`SELECT setval('outbox_seq_seq', 3000000, true)`
  await world.sql`SELECT outbox_make_segments(3, 100)`
  await world.sql`
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload, occurred_at)
    SELECT gen_random_uuid(), 'users', 'x', 'users.user.updated.v2', i, '{}', now() - interval '2 hours'
    FROM generate_series(1, 150) i`
})
afterAll(() => world.end())

const names = (segments: readonly { name: string }[]) => segments.map(({ name }) => name)

test('a look names what may go and changes nothing; dropping takes those, behind the relay alone', async () => {
  expect(await readRetention(world.connections, 1)).toMatchObject({
    droppable: [],
    kept: expect.stringContaining('not read yet by relay'),
  })
  await world.sql`UPDATE outbox_cursor SET seq = 3000120 WHERE name = 'relay'`
  const plan = await readRetention(world.connections, 1)
  expect(plan.droppable.length).toBeGreaterThan(0)
  expect(plan.dropped).toEqual([])
  const segments = async () => names(await world.sql`SELECT name FROM outbox_segments ORDER BY name`)
  const before = await segments()
  expect(before).toEqual(expect.arrayContaining(names(plan.droppable)))

  const done = await applyRetention(world.connections, 1)
  expect(done.dropped).toEqual(names(plan.droppable))
  expect(await segments()).toEqual(before.filter((name) => !done.dropped.includes(name)))
  expect((await readRetention(world.connections, 1)).droppable).toEqual([])
})

test('nothing goes where events are kept for ever, or are younger', async () => {
  await world.sql`UPDATE outbox_cursor SET seq = 3000150 WHERE name = 'relay'`
  expect((await readRetention(world.connections, 0)).droppable).toEqual([])
  expect((await readRetention(world.connections, 3)).droppable).toEqual([])
})
