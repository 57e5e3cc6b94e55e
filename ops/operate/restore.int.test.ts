import { afterAll, beforeAll, expect, test } from 'bun:test'
import { queueName } from '../../shared/messaging/names.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { readWriteSide } from './look/write-side.ts'
import { readStatus } from './status/status.ts'
import { operatorWorld, partitions, type World } from './testing/world.ts'
import { comparisonsOf } from './verify/comparison.ts'
import { verify } from './verify/verify.ts'

let world: World
beforeAll(async () => {
  world = await operatorWorld()
})
afterAll(() => world.end())

const counts = async () => {
  const [comparison] = await comparisonsOf(world.connections, 'users', { deep: false })
  const options = { deep: false, patienceMs: 5_000, signal: new AbortController().signal, onProgress() {} }
  const found = await verify(comparison!, options)
  return Object.fromEntries(Object.entries(found.counts).filter(([, count]) => count > 0))
}
const refusal = async () => (await readWriteSide(world.sql)).relay.refusal

test('after a restore that lost commits the relay refuses, and the runbook leads to a read model that agrees', async () => {
  await world.startRelay()
  const stopProjector = await world.startProjector('before')
  await world.consuming()
  const changed = await world.createUser()
  const untouched = await world.createUser()
  await world.converged()
  const state = await world.sql`SELECT * FROM users`
  const [{ seq }] = await world.sql`SELECT max(seq)::float8 AS seq FROM outbox`

  // These will be lost: the read side has seen some, and others are still in its queues.
  await world.changeUser(changed)
  const lost = await world.createUser()
  await world.converged()
  await stopProjector()
  await world.changeUser(changed)
  await waitFor(async () => (await readWriteSide(world.sql)).backlog.events === 0, {
    timeoutMs: 10_000,
    what: 'the relay to publish',
  })
  await restore(state, seq)
  await waitFor(async () => (await refusal()) !== undefined, { timeoutMs: 10_000, what: 'the guard' })
  expect(await refusal()).toContain('docs/operating.md')

  // Writes go on, and give out versions that the read side has seen for something else.
  await world.changeUser(changed)
  const fresh = await world.createUser()
  expect((await readWriteSide(world.sql)).backlog.events).toBe(2)

  const broker = await world.connections.broker()
  const channel = await broker.channel()
  for (let partition = 0; partition < partitions; partition++)
    await channel.queueDelete(queueName('users-g1', partition, partitions))
  await channel.close()
  await world.connections.store.dropDatabase()
  await world.sql`SELECT setval('outbox_seq_seq',
    greatest((SELECT max(seq) FROM outbox), (SELECT max(seq) FROM outbox_cursor), 1))`
  await world.sql`UPDATE outbox_cursor SET cluster = NULL WHERE name = 'relay'`
  await world.startProjector('after')
  await world.consuming()
  await world.converged()

  expect(await counts()).toEqual({})
  const documents = await world.users.find({}).toArray()
  expect(documents.map(({ _id }) => _id).toSorted()).toEqual([changed, untouched, fresh].toSorted())
  expect(documents.map(({ _id }) => _id)).not.toContain(lost)
  const isWell = async () => (await readStatus(world.connections)).troubles.length === 0
  await waitFor(isWell, { timeoutMs: 20_000, what: 'all to be well' })
}, 90_000)

/** What a point-in-time restore leaves: state, log and cursor of one moment, on another timeline. */
async function restore(state: readonly Record<string, unknown>[], seq: number): Promise<void> {
  await world.sql.begin(async (sql) => {
    await sql`DELETE FROM users`
    for (const row of state) await sql`INSERT INTO users ${sql(row)}`
    await sql`DELETE FROM outbox WHERE seq > ${seq}`
    await sql`UPDATE outbox_cursor SET seq = ${seq}, cluster = 'another' WHERE name = 'relay'`
    await sql.unsafe(`ALTER SEQUENCE outbox_seq_seq RESTART WITH ${seq + 1}`)
  })
}
