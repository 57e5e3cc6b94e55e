import { afterAll, beforeAll, expect, test } from 'bun:test'
import { queueName } from '../../../shared/messaging/names.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { operatorWorld, partitions, type World } from '../testing/world.ts'
import { traceScreen } from './screen.ts'
import { trace, type Trace } from './trace.ts'

let world: World
let stopRelay: () => Promise<void>
let stopProjector: () => Promise<void>
beforeAll(async () => {
  world = await operatorWorld()
  stopRelay = await world.startRelay()
  stopProjector = await world.startProjector()
  await world.consuming()
})
afterAll(() => world.end())

const traced = (id: string) => trace(world.connections, 'users', id)
const concluded = (id: string, text: string) =>
  waitFor(
    async () => {
      const found = await traced(id)
      return found.conclusion.text.includes(text) ? found : undefined
    },
    { timeoutMs: 20_000, what: text },
  )

test('a changed and a deleted user are up to date, with all that it was concluded from', async () => {
  const id = await world.createUser()
  await world.changeUser(id)
  const found: Trace = await concluded(id.toUpperCase(), 'up to date: version 2 everywhere')
  expect(found).toMatchObject({
    id,
    partition: partitionOf(id, partitions),
    conclusion: { state: 'current' },
    written: { rowVersion: 2, events: [{ version: 2 }, { version: 1 }] },
    documents: ['users-g1', 'users_history-g1'].map((group) => ({
      group,
      serving: true,
      version: 2,
      deleted: false,
      parked: [],
    })),
  })
  expect(traceScreen(found)).not.toMatch(/Ada|example\.com/)
  await world.deleteUser(id)
  await concluded(id, 'up to date: version 3 everywhere, deleted')
})

test('a document that was lost is known to have gone past its group', async () => {
  const id = await world.createUser()
  await concluded(id, 'up to date')
  await world.users.deleteOne({ _id: id })
  const found = await concluded(id, 'went past users-g1: `verify --repair`')
  expect(found.conclusion.state).toBe('behind')
})

test('an id that cannot be one, an aggregate that is not there, and one that nobody knows', async () => {
  expect(traced('nobody')).rejects.toThrow('a UUID is wanted')
  expect(trace(world.connections, 'orders', crypto.randomUUID())).rejects.toThrow('it is one of users')
  expect((await traced(crypto.randomUUID())).conclusion.state).toBe('unknown')
})

test('without a projector it waits in its queue, without a relay in the log', async () => {
  const id = await world.createUser()
  await concluded(id, 'up to date')
  await stopProjector()
  await world.changeUser(id)
  const queue = queueName('users-g1', partitionOf(id, partitions), partitions)
  await concluded(id, `is published, and nobody consumes ${queue}`)
  await stopRelay()
  await world.changeUser(id)
  const found = await concluded(id, 'no relay leads')
  expect(traceScreen(found)).toContain('not published yet')
})
