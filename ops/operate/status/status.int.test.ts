import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readModels } from '../../../query/read-models.ts'
import { queueName } from '../../../shared/messaging/names.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { connectTo } from '../connections.ts'
import { operatorWorld, partitions, type World } from '../testing/world.ts'
import { statusScreen } from './screen.ts'
import { isUnreachable, readStatus, type SystemStatus } from './status.ts'

let world: World
beforeAll(async () => {
  world = await operatorWorld()
})
afterAll(() => world.end())

const nowhere = 'the-host-is-nowhere.invalid'

async function withTroubles(...wanted: string[]): Promise<SystemStatus> {
  return waitFor(
    async () => {
      const status = await readStatus(world.connections)
      const isThere = (text: string) => status.troubles.some((trouble) => trouble.includes(text))
      return wanted.every(isThere) ? status : undefined
    },
    { timeoutMs: 20_000, what: wanted.join(' and ') },
  )
}

const groups = readModels.map(({ group }) => group)

test('from nothing running to all is well, and every part told', async () => {
  await withTroubles('no relay leads', 'no such queue, no projector has declared it: users-g1.p00of02')
  await world.startRelay()
  await world.startProjector('replica-1')
  const [first, second] = [await world.createUser(), await world.createUser()]
  await world.deleteUser(first)
  await world.changeUser(second)
  await world.converged()
  const status = await waitFor(
    async () => {
      const seen = await readStatus(world.connections)
      // Who consumes is told by the management API, some seconds later.
      const isKnown = seen.broker.state === 'ok' && seen.broker.queues.every(({ active }) => active)
      return seen.troubles.length === 0 && isKnown ? seen : undefined
    },
    { timeoutMs: 30_000, what: 'all to be well' },
  )
  expect(status).toMatchObject({
    writeSide: {
      state: 'ok',
      relay: { leader: expect.any(String), paused: undefined, refusal: undefined },
      backlog: { events: 0, oldestMs: 0 },
      log: { head: 4, cursor: 4, floor: 1, segmentsAhead: 3, readers: [] },
      parked: { aggregates: 0, events: 0 },
      // One for both queues, or one for each.
      replays: expect.arrayContaining([
        expect.objectContaining({ group: 'users-g1', scope: 'all', phase: 'done' }),
      ]),
    },
    broker: {
      state: 'ok',
      version: expect.stringMatching(/^RabbitMQ \d/),
      queues: groups.flatMap((group) =>
        [0, 1].map((partition) => ({
          queue: queueName(group, partition, partitions),
          // Beside heartbeats that are just passing.
          depth: { messages: expect.any(Number), consumers: 1 },
          active: 'replica-1',
        })),
      ),
    },
    readSide: {
      state: 'ok',
      models: readModels.map(({ name }) => ({ name, serving: 1, fed: [1] })),
      parkedEvents: 0,
    },
  })
  const screen = statusScreen(status)
  expect(screen).toContain('All is well.')
  expect(screen.split('\n').length).toBeLessThan(25)
  expect(isUnreachable(status)).toBe(false)
})

test('an unpublished event, a pause and what is parked are troubles', async () => {
  await world.sql`UPDATE outbox_cursor SET paused_at = now(), paused_by = 'ada', pause_reason = 'a look'`
  await world.sql`INSERT INTO outbox_parked_aggregates (aggregatetype, aggregateid, reason, first_seq, events)
    VALUES ('users', 'x', 'unencodable', 1, 1)`
  await world.connections.collectionOf('parked_events').insertOne({ _id: 'users-g1/x' })
  await withTroubles(
    'the relay is paused by ada since',
    'the relay has parked 1 aggregate',
    'the projector has parked 1 event',
  )
  await world.sql`UPDATE outbox_cursor SET paused_at = NULL`
  await world.sql`DELETE FROM outbox_parked_aggregates`
  await world.connections.collectionOf('parked_events').deleteMany({})
})

for (const [server, place, change] of [
  ['PostgreSQL', 'writeSide', { postgresUrl: `postgres://owner:secret@${nowhere}/commands` }],
  ['RabbitMQ', 'broker', { rabbitmqUrl: `amqp://guest:secret@${nowhere}` }],
  ['the store', 'readSide', { mongoUrl: `mongodb://${nowhere}/queries` }],
] as const)
  test(`without ${server} the rest is told all the same, and no secret is`, async () => {
    const connections = connectTo({ ...world.places, ...change })
    try {
      const status = await readStatus(connections)
      expect(isUnreachable(status)).toBe(true)
      expect(status[place]).toEqual({ state: 'unreachable', reason: `${server} cannot be reached` })
      const others = (['writeSide', 'broker', 'readSide'] as const).filter((name) => name !== place)
      expect(others.map((name) => status[name].state)).toEqual(['ok', 'ok'])
      expect(status.troubles[0]).toBe(`${server} cannot be reached`)
      expect(statusScreen(status)).not.toMatch(/secret|invalid/)
    } finally {
      await connections.close()
    }
  })
