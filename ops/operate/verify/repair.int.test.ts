import { afterAll, beforeAll, expect, test } from 'bun:test'
import { operatorWorld, type World } from '../testing/world.ts'
import { repair, type Repair } from './repair.ts'
import { comparisonsOf, type Comparison } from './comparison.ts'
import { verify, type Verification } from './verify.ts'

let world: World
let comparison: Comparison
beforeAll(async () => {
  world = await operatorWorld()
  await world.startRelay()
  await world.startProjector()
  await world.consuming()
  comparison = (await comparisonsOf(world.connections, 'users', { deep: true }))[0]!
})
afterAll(() => world.end())

const options = { patienceMs: 20_000, signal: new AbortController().signal, onProgress: () => {} }
const verified = (): Promise<Verification> => verify(comparison, { ...options, deep: true })
const repaired = (found: Verification, removeExtras = true): Promise<Repair> =>
  repair(comparison, found.differences, { ...options, removeExtras })
const found = ({ differences }: Verification) => differences.map(({ kind, id }) => [kind, id]).sort()

async function users(count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, () => world.createUser()))
  await world.converged()
  return ids
}

test('what is wrong is brought right, beside live writes, and nothing else is touched', async () => {
  const [missing, stale, resurrected, differing, untouched, busy] = (await users(6)) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const before = await world.users.findOne({ _id: resurrected })
  await world.changeUser(stale)
  await world.deleteUser(resurrected)
  await world.converged()
  const right = await world.users.find({ _id: { $in: [missing, stale, resurrected, differing] } }).toArray()
  const extra = crypto.randomUUID()
  await world.users.deleteOne({ _id: missing })
  await world.users.updateOne({ _id: stale }, { $set: { version: 1, last_name: 'old' } })
  await world.users.replaceOne({ _id: resurrected }, before!)
  await world.users.updateOne({ _id: differing }, { $set: { last_name: 'somebody else' } })
  await world.users.insertOne({ ...before!, _id: extra })

  const enough = new AbortController()
  const writer = (async () => {
    while (!enough.signal.aborted) await world.changeUser(busy)
  })()
  const first = await verified()
  expect(found(first)).toEqual(
    [
      ['missing', missing],
      ['stale', stale],
      ['resurrected', resurrected],
      ['extra', extra],
      ['differing', differing],
    ].sort(),
  )
  const done = await repaired(first)
  enough.abort()
  await writer
  await world.converged()
  expect(done).toMatchObject({ removed: 1, replaced: 1, left: 0 })
  expect(done.replays.map(({ phase }) => phase)).toEqual(['done', 'done', 'done'])
  expect(found(await verified())).toEqual([])
  expect(
    await world.users.find({ _id: { $in: [missing, stale, resurrected, differing] } }).toArray(),
  ).toEqual(right)
  expect(await world.users.findOne({ _id: extra })).toEqual({
    _id: extra,
    version: 2,
    deleted_at: expect.any(String),
  })
  expect(await world.users.findOne({ _id: untouched })).toMatchObject({ version: 1 })

  // A second time there is nothing to do, and it does nothing.
  const again = await repaired(first)
  expect(again.left).toBe(0)
  expect(found(await verified())).toEqual([])
})

test('extra documents stay where nobody agreed to their removal, and what is ahead stays for a rebuild', async () => {
  const [ahead] = await users(1)
  const extra = crypto.randomUUID()
  await world.users.updateOne({ _id: ahead! }, { $set: { version: 9 } })
  await world.users.insertOne({ _id: extra, version: 3 })
  const result = await verified()
  expect(await repaired(result, false)).toMatchObject({ replays: [], removed: 0, left: 0 })
  expect(found(await verified())).toEqual(found(result))
  expect(found(result).map(([kind]) => kind)).toEqual(['ahead', 'extra'])
  await repaired(result)
  await world.users.updateOne({ _id: ahead! }, { $set: { version: 1 } })
})

test('a document whose row came meanwhile is no extra one, and is kept', async () => {
  const [id] = await users(1)
  const lie = { kind: 'extra', id: id!, rowVersion: undefined, documentVersion: 1 } as const
  const done = await repair(comparison, [lie], { ...options, removeExtras: true })
  expect(done.removed).toBe(0)
  expect(await world.users.findOne({ _id: id! })).toMatchObject({ version: 1 })
})

test('where too many are wrong, one replay of everything does it', async () => {
  const ids = await users(120)
  await world.users.deleteMany({ _id: { $in: ids } })
  const result = await verified()
  expect(result.counts.missing).toBe(120)
  const done = await repaired(result)
  expect(done).toMatchObject({ left: 0, replays: [{ phase: 'done' }] })
  expect(found(await verified())).toEqual([])
})
