import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createPointers, type Pointer } from '../../../query/projector/generations/pointers.ts'
import { readModels } from '../../../query/read-models.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { startProcess } from '../../../tests/support/processes.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { operatorWorld, type World } from '../testing/world.ts'
import type { RebuildDeps, RebuildStep } from './deps.ts'
import { finish, rebuild, rollBack } from './rebuild.ts'

let world: World
beforeEach(async () => {
  world = await operatorWorld()
  await world.startRelay()
})
afterEach(() => world.end())

const timeoutMs = 20_000
const writePauseMs = 10

/** @param tell of every step, as it begins */
function deps(tell: (step: RebuildStep, text: string) => void = () => {}): RebuildDeps {
  const { collectionOf, broker, sql } = world.connections
  const signal = new AbortController().signal
  return { readModels, collectionOf, broker, sql, signal, settleTimeoutMs: 3_000, onProgress: tell }
}
const pointer = () => createPointers(world.connections.collectionOf).find('users') as Promise<Pointer>
const documents = (generation: number) =>
  world.connections
    .collectionOf<{ _id: string; version: number }>(`users_g${generation}`)
    .find({}, { sort: { _id: 1 } })
    .toArray()
async function exists(queue: string): Promise<boolean> {
  const channel = await (await world.connections.broker()).channel()
  return channel.queueDeclare(queue, { passive: true }).then(
    () => true,
    () => false,
  )
}

/** Some users, some changed, some gone. */
async function populate(count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, () => world.createUser()))
  await Promise.all(ids.map((id, index) => (index % 3 === 0 ? world.changeUser(id) : undefined)))
  await Promise.all(ids.map((id, index) => (index % 7 === 0 ? world.deleteUser(id) : undefined)))
  return ids
}

test('10,000 reads of two replicas during rebuilds, switches and ends: none fails, none shows an older version', async () => {
  const env = { ...world.env, QUERY_ROLES: 'api,projector' }
  const replicas = await Promise.all(
    ['a', 'b'].map((name) => startProcess('query', { ...env, REPLICA_ID: name })),
  )
  const enough = new AbortController()
  let generation = 1
  try {
    const ids = await populate(60)
    await world.converged()
    const living = ids.filter((_, index) => index % 7 !== 0)
    const tally = { reads: 0 }
    const wrong: string[] = []
    /** One reader of one replica, for which versions must never go back. */
    const reader = async (replica: (typeof replicas)[number], first: number) => {
      const seen = new Map<string, number>()
      for (let turn = first; !enough.signal.aborted; turn++) {
        const id = living[turn % living.length]!
        const path = turn % 25 === 0 ? '/users?limit=100' : `/users/${id}`
        const { status, body, text } = await replica.get(path)
        tally.reads++
        if (status !== 200) {
          wrong.push(`${status} ${text}`)
          continue
        }
        for (const user of body?.items ?? [body]) {
          if (user.version < (seen.get(user.id) ?? 0)) wrong.push(`${user.id} went back`)
          seen.set(user.id, user.version)
        }
        if (body?.items && body.items.length < living.length) wrong.push(`a page of ${body.items.length}`)
      }
    }
    const writer = async () => {
      for (let turn = 0; !enough.signal.aborted; turn++) {
        await world.changeUser(living[turn % living.length]!)
        // A load, and not a race with the readers for the machine.
        await delay(writePauseMs)
      }
    }
    const busy = [
      writer(),
      ...replicas.flatMap((replica) => Array.from({ length: 10 }, (_, n) => reader(replica, 7 * n))),
    ]
    for (; tally.reads < 10_000; generation++) {
      const switched = await rebuild(deps(), 'users')
      expect(switched).toMatchObject({ state: 'switched', serving: generation + 1, beside: generation })
      expect(switched.comparison!.compared).toBe(60)
      const finished = await finish(deps(), 'users')
      expect(finished).toMatchObject({ state: 'finished', serving: generation + 1, beside: undefined })
    }
    enough.abort()
    await Promise.all(busy)
    expect(wrong).toEqual([])
    await world.converged()
  } finally {
    enough.abort()
    await Promise.all(replicas.map((replica) => replica.stop()))
  }
  expect(await pointer()).toMatchObject({ serving: generation, fed: [generation], highest: generation })
  expect((await pointer()).rebuild).toBeUndefined()
  expect(await documents(generation - 1)).toEqual([])
  expect(await exists('users-g1.p00of02')).toBe(false)
  const { sql } = world
  const rows: { id: string; version: number }[] = await sql`SELECT id, version FROM users ORDER BY id`
  const shown = (await documents(generation)).filter((document) => !('deleted_at' in document))
  expect(shown.map(({ _id, version }) => ({ id: _id, version }))).toEqual(
    rows.map(({ id, version }) => ({ id, version: Number(version) })),
  )
  // Every deleted user has left its tombstone, which only the log tells of.
  expect(await documents(generation)).toHaveLength(60)
}, 180_000)

describe('with one projector', () => {
  beforeEach(async () => {
    await world.startProjector()
    await populate(20)
    await world.converged()
  })

  test('killed at any point, it goes on when it is run again', async () => {
    const entry = join(import.meta.dirname, '../testing/rebuild.entry.ts')
    const killedAt = async (what: 'rebuild' | 'finish', step: string) => {
      const child = Bun.spawn([process.execPath, entry, 'users', what, step], {
        env: { PATH: process.env['PATH'] ?? '', ...world.env },
        stdin: 'ignore',
        stdout: 'inherit',
        stderr: 'inherit',
      })
      await child.exited
      expect(child.signalCode).toBe('SIGKILL')
    }
    for (const [generation, step] of ['fill', 'compare', 'switch'].entries()) {
      const [old, young] = [generation + 1, generation + 2]
      await killedAt('rebuild', step)
      const phase = step === 'switch' ? 'switched' : 'filling'
      expect(await pointer()).toMatchObject({ fed: [old, young], rebuild: { phase, to: young } })
      if (step !== 'switch')
        expect(await rebuild(deps(), 'users')).toMatchObject({ state: 'switched', serving: young })
      // Before and after the queues and the collection are gone.
      for (const point of ['retire', 'retire:2']) await killedAt('finish', point)
      expect(await pointer()).toMatchObject({ fed: [young], rebuild: { phase: 'retiring' } })
      expect(await finish(deps(), 'users')).toMatchObject({ state: 'finished', serving: young })
      expect(await documents(old)).toEqual([])
      expect(await documents(young)).toHaveLength(20)
    }
  }, 120_000)

  test('goes back to the generation before, which was kept up to date, and forward again', async () => {
    const id = await world.createUser()
    await rebuild(deps(), 'users')
    await world.changeUser(id)
    expect(await rollBack(deps(), 'users')).toMatchObject({ state: 'rolled-back', serving: 1, beside: 2 })
    const versionIn = async (generation: number) =>
      (await documents(generation)).find(({ _id }) => _id === id)?.version
    for (const generation of [1, 2])
      await waitFor(async () => (await versionIn(generation)) === 2, { timeoutMs, what: `g${generation}` })
    expect(await finish(deps(), 'users')).toMatchObject({ state: 'finished', serving: 1 })
    expect(await documents(2)).toEqual([])
    // A number never comes again.
    expect(await rebuild(deps(), 'users')).toMatchObject({ state: 'switched', serving: 3 })
  }, 60_000)

  test('an event that cannot be applied ends it, with its reason, and leaves nothing behind', async () => {
    const id = await world.createUser()
    await world.converged()
    // The replay of either group would meet it otherwise.
    await world.consuming()
    await world.sql`UPDATE users SET email = 'x' WHERE id = ${id}`
    const failure = await rebuild(deps(), 'users').catch((error: Error) => error.message)
    expect(failure).toContain(`users.user.snapshot.v2 of ${id}`)
    expect(failure).toContain('invalid-data')
    expect(await pointer()).toMatchObject({ serving: 1, fed: [1], highest: 2 })
    expect(await documents(2)).toEqual([])
    expect(await exists('users-g2.p00of02')).toBe(false)
    expect(await world.connections.collectionOf('parked_events').countDocuments({})).toBe(0)
  }, 60_000)

  test('a delete that only the old generation remembers is kept; a document that it alone has ends it', async () => {
    const [forgotten, extra] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()]
    const old = world.connections.collectionOf<{ _id: string; version: number; deleted_at?: string }>(
      'users_g1',
    )
    await old.insertOne({ _id: forgotten, version: 4, deleted_at: '2026-01-02T03:04:05.678Z' })
    const { comparison } = await rebuild(deps(), 'users')
    expect(comparison).toMatchObject({ tombstones: 1, mended: 0, changed: 0 })
    expect((await documents(2)).find(({ _id }) => _id === forgotten)).toEqual({
      _id: forgotten,
      version: 4,
      deleted_at: '2026-01-02T03:04:05.678Z',
    } as never)
    await finish(deps(), 'users')

    const now = world.connections.collectionOf<{ _id: string; version: number }>('users_g2')
    await now.insertOne({ _id: extra, version: 1 })
    const failure = await rebuild(deps(), 'users').catch((error: Error) => error.message)
    expect(failure).toContain(extra)
    expect(await pointer()).toMatchObject({ serving: 2, fed: [2] })
  }, 60_000)

  test('a history keeps the versions that the log no longer tells of, and what an event tells is better', async () => {
    const ids = await populate(7)
    await world.converged()
    await world.consuming()
    const versionsIn = (generation: number) =>
      world.connections
        .collectionOf<{ _id: string; version: number; rank: number; type: string }>(
          `users_history_g${generation}`,
        )
        .find({}, { sort: { _id: 1 } })
        .toArray()
    const before = await versionsIn(1)
    // Of the first user all is told by the log, which begins then; of one that is deleted nothing.
    await world.sql`DELETE FROM outbox WHERE aggregateid <> ${ids[1]!}`
    const { comparison } = await rebuild(deps(), 'users_history')
    const after = await versionsIn(2)
    const content = (documents: typeof before) => documents.map((document) => ({ ...document, rank: 0 }))
    expect(content(after)).toEqual(content(before))
    expect(comparison).toMatchObject({ compared: before.length, mended: 0, changed: 0 })
    expect(comparison!.versions).toBe(after.filter(({ rank }) => rank === 3).length)
    expect(after.filter(({ rank }) => rank === 4).map(({ _id }) => _id)).toEqual([`${ids[1]}.0000000001`])
    expect(after.filter(({ type }) => type === 'snapshot')).toEqual([])
    await finish(deps(), 'users_history')
    // Copied once more, they stay what they are.
    await rebuild(deps(), 'users_history')
    expect(content(await versionsIn(3))).toEqual(content(before))
  }, 60_000)

  test('given up before the switch, it leaves reads and queues as they were', async () => {
    const stop = new AbortController()
    const filling = rebuild({ ...deps(() => stop.abort()), signal: stop.signal }, 'users')
    await filling.catch(() => {})
    expect(await pointer()).toMatchObject({ rebuild: { phase: 'filling' } })
    expect(await rollBack(deps(), 'users')).toMatchObject({ state: 'given-up', serving: 1 })
    expect(await exists('users-g2.p01of02')).toBe(false)
    const again = await Promise.allSettled([finish(deps(), 'users'), rollBack(deps(), 'users')])
    expect(again.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  }, 60_000)
})
