import { afterAll, beforeAll, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { readReplayStates } from './look/replays.ts'
import { askForReplays, followReplays, readReplays } from './replay.ts'
import { operatorWorld, type World } from './testing/world.ts'

let world: World
beforeAll(async () => {
  world = await operatorWorld()
})
afterAll(() => world.end())

const following = { patienceMs: 20_000, signal: new AbortController().signal, onProgress: () => {} }
const everything = {
  group: 'users-g1',
  aggregate: 'users',
  scope: { kind: 'all' },
  reason: 'a test',
} as const

test('where no relay has been it is said, and nothing waits anywhere', async () => {
  expect(askForReplays(world.connections, [everything])).rejects.toThrow('no relay has declared')
})

test('what was lost from the store is there again when each of them is done', async () => {
  await world.startRelay()
  await world.startProjector()
  await world.consuming()
  const [one, other] = [await world.createUser(), await world.createUser()]
  await world.converged()
  await world.users.deleteMany({})

  const single = { ...everything, scope: { kind: 'aggregate', id: one } } as const
  const [id] = await askForReplays(world.connections, [single])
  const done = await followReplays(world.sql, [id!], following)
  expect(done).toMatchObject([{ id, phase: 'done', error: undefined }])
  await waitFor(() => world.users.findOne({ _id: one }), { timeoutMs: 10_000, what: 'the one user' })
  expect(await world.users.findOne({ _id: other })).toBeNull()

  const ids = await askForReplays(world.connections, [
    everything,
    { ...everything, scope: { kind: 'from', seq: 0 } },
  ])
  const both = await followReplays(world.sql, ids, following)
  expect(both.map(({ phase }) => phase)).toEqual(['done', 'done'])
  await waitFor(() => world.users.findOne({ _id: other }), { timeoutMs: 10_000, what: 'the other user' })
  const listed = await readReplayStates(world.sql)
  expect(
    listed
      .slice(0, 3)
      .map(({ scope }) => scope)
      .sort(),
  ).toEqual(['all', 'from 0', `users/${one}`])
})

test('one that nobody takes up is left as it is when patience ends', async () => {
  const unknown = crypto.randomUUID()
  const left = await followReplays(world.sql, [unknown], { ...following, patienceMs: 300 })
  expect(left).toEqual([{ id: unknown, phase: 'asked', sent: 0, error: undefined }])
  expect(await readReplays(world.sql, [unknown])).toEqual([...left])
})
