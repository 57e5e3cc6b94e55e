import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { operatorWorld, type World } from '../testing/world.ts'
import { walk } from './walk.ts'
import { comparisonsOf } from './comparison.ts'
import { verify, type Verification } from './verify.ts'

let world: World
let kept: string[]
beforeAll(async () => {
  world = await operatorWorld()
  await world.startRelay()
  await world.startProjector()
  await world.consuming()
})
afterAll(() => world.end())
beforeEach(async () => {
  kept = []
  for (let count = 0; count < 6; count++) kept.push(await world.createUser())
  await world.converged()
})

async function verified({ deep = false, patienceMs = 20_000, of = 'users_g1' } = {}): Promise<Verification> {
  const comparisons = await comparisonsOf(world.connections, 'users', { deep })
  const comparison = comparisons.find(({ collection }) => collection === of)
  return verify(comparison!, { deep, patienceMs, signal: new AbortController().signal, onProgress: () => {} })
}
const found = ({ differences }: Verification) => differences.map(({ kind, id }) => [kind, id])

const sortedFound = (result: Verification) => found(result).sort()

test('what agrees is not looked at twice, deleted users included', async () => {
  await world.changeUser(kept[0]!)
  await world.deleteUser(kept[1]!)
  await world.converged()
  const result = await verified({ deep: true })
  expect(found(result)).toEqual([])
  expect(result.lookedAgain).toBe(0)
  const [{ count }] = await world.sql`SELECT count(*)::float8 AS count FROM users`
  expect(result.rows).toBe(count)
})

test('each kind of difference is told by its name, and nothing else is', async () => {
  const [missing, stale, resurrected, ahead, differing] = kept as [string, string, string, string, string]
  const before = await world.users.findOne({ _id: resurrected })
  await world.changeUser(stale)
  await world.deleteUser(resurrected)
  await world.converged()
  const extra = crypto.randomUUID()
  await world.users.deleteOne({ _id: missing })
  await world.users.updateOne({ _id: stale }, { $set: { version: 1 } })
  await world.users.replaceOne({ _id: resurrected }, before!)
  await world.users.updateOne({ _id: ahead }, { $set: { version: 9 } })
  await world.users.updateOne({ _id: differing }, { $set: { last_name: 'somebody else' } })
  await world.users.insertOne({ ...before!, _id: extra })

  const wrong = [
    ['missing', missing],
    ['stale', stale],
    ['resurrected', resurrected],
    ['ahead', ahead],
    ['extra', extra],
  ]
  expect(sortedFound(await verified())).toEqual(wrong.toSorted())
  expect(sortedFound(await verified({ deep: true }))).toEqual([...wrong, ['differing', differing]].sort())

  await emptied()
})

test('of a history the newest versions are compared, and those in between are counted', async () => {
  const [changed, deleted, missing, stale, holed] = kept as [string, string, string, string, string]
  for (const id of [changed, stale, holed]) await world.changeUser(id)
  await world.changeUser(holed)
  await world.deleteUser(deleted)
  await world.converged()
  const of = 'users_history_g1'
  const before = await verified({ of, deep: true })
  expect([found(before), before.versions!.missing]).toEqual([[], 0])
  const history = world.connections.collectionOf<{ _id: string }>(of)
  expect(before.versions!.documents).toBe(await history.countDocuments({}))

  const key = (id: string, version: number) => `${id}.000000000${version}`
  const lost = [key(missing, 1), key(stale, 2), key(holed, 2)]
  await history.deleteMany({ _id: { $in: lost } })
  const after = await verified({ of })
  const wrong = [
    ['missing', missing],
    ['stale', stale],
  ]
  expect(sortedFound(after)).toEqual(wrong.toSorted())
  expect(after.versions).toEqual({ documents: before.versions!.documents - 3, missing: 1 })
})

test('under load nothing differs: what is on its way is looked at again', async () => {
  const enough = new AbortController()
  const writers = kept.map(async (id) => {
    while (!enough.signal.aborted) {
      await world.changeUser(id)
      await world.deleteUser(await world.createUser())
    }
  })
  let lookedAgain = 0
  for (let round = 0; round < 5; round++) {
    const result = await verified({ deep: true })
    expect([found(result), result.unsettled]).toEqual([[], 0])
    lookedAgain += result.lookedAgain
  }
  enough.abort()
  await Promise.all(writers)
  // Or the load was none.
  expect(lookedAgain).toBeGreaterThan(0)
})

test('what a relay that is away has not published is unsettled, and no difference', async () => {
  const other = await operatorWorld()
  try {
    const stopRelay = await other.startRelay()
    await other.startProjector()
    await other.createUser()
    await other.converged()
    await stopRelay()
    await other.createUser()
    const [comparison] = await comparisonsOf(other.connections, 'users', { deep: false })
    const options = {
      deep: false,
      patienceMs: 600,
      signal: new AbortController().signal,
      onProgress: () => {},
    }
    const result = await verify(comparison!, options)
    expect([found(result), result.unsettled]).toEqual([[], 1])
  } finally {
    await other.end()
  }
})

test('buckets end where the documents do, however many have no row: memory stays flat', async () => {
  const [comparison] = await comparisonsOf(world.connections, 'users', { deep: false })
  const ghosts = Array.from({ length: 50 }, () => crypto.randomUUID())
  await world.users.insertMany(ghosts.map((_id) => ({ _id, version: 1 })))
  const seen: string[] = []
  let largest = 0
  for await (const bucket of walk(comparison!.rows, comparison!.documents, 3)) {
    largest = Math.max(largest, bucket.documents)
    seen.push(...bucket.suspects.map(({ id }) => id))
  }
  await world.users.deleteMany({ _id: { $in: ghosts } })
  expect(seen.sort()).toEqual(ghosts.sort())
  expect(largest).toBeLessThanOrEqual(6)
})

test('an aggregate that is not there is told', async () => {
  expect(comparisonsOf(world.connections, 'orders', { deep: false })).rejects.toThrow('it is one of users')
})

/** For the tests that follow: as it was before. */
async function emptied(): Promise<void> {
  const history = world.connections.collectionOf<{ _id: string }>('users_history_g1')
  await Promise.all([world.users.deleteMany({}), history.deleteMany({})])
  await world.sql`DELETE FROM users`
}
