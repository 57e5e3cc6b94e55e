import { afterEach, beforeEach, expect, test } from 'bun:test'
import { queueName } from '../../../shared/messaging/names.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { createStoreWriter, type StoreWriter } from '../store-writer.ts'
import { hasty } from '../testing/wiring.ts'
import { createWorld, type World } from '../testing/world.ts'
import { byPreference } from './rendezvous.ts'

const partitions = 4
const timeoutMs = 20_000
type Projector = Awaited<ReturnType<World['startProjector']>>

let world: World
beforeEach(async () => {
  world = await createWorld({ partitions })
})
afterEach(() => world.dispose())

/**
 * What all replicas write to the store: told is what is older than what was written before, and what is written while an
 * earlier write of the same document is under way.
 */
function watchingOrder(): { writer: StoreWriter; disorder: string[] } {
  const writer = createStoreWriter(world.database.collectionOf)
  const written = new Map<string, number>()
  const writing = new Set<string>()
  const disorder: string[] = []
  return {
    disorder,
    writer: {
      async write(collection, changes) {
        for (const { id, version } of changes) {
          const before = written.get(id) ?? 0
          if (version < before) disorder.push(`${id}: ${version} after ${before}`)
          if (writing.has(id)) disorder.push(`${id}: ${version} beside ${before}`)
          written.set(id, Math.max(version, before))
          writing.add(id)
        }
        try {
          // Longer than the broker needs to give it to another.
          await delay(20)
          return await writer.write(collection, changes)
        } finally {
          for (const { id } of changes) writing.delete(id)
        }
      },
    },
  }
}

/** Publishes the next version of each of some documents again and again, and a heartbeat on each partition. */
function load(ids: readonly string[]) {
  const stopping = new AbortController()
  let version = 0
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      version++
      await world.relay.publish(ids.map((id) => ({ id, version, label: String(version) })))
      for (let partition = 0; partition < partitions; partition++) await world.relay.heartbeat(partition)
      await delay(20, stopping.signal)
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
      return version
    },
  }
}

/** Waits until every partition is with the replica that the hash prefers of these, and with no other. */
async function balanced(replicas: ReadonlyMap<string, Projector>): Promise<void> {
  const shares = new Map([...replicas.keys()].map((name): [string, number[]] => [name, []]))
  for (let partition = 0; partition < partitions; partition++) {
    const prefer = byPreference(queueName('things-g1', partition, partitions))
    shares.get([...replicas.keys()].toSorted(prefer)[0]!)!.push(partition)
  }
  await waitFor(
    async () => {
      const found = new Map<string, number[]>()
      for (const [name, replica] of replicas) found.set(name, await replica.active())
      return Bun.deepEquals(found, shares)
    },
    { timeoutMs, what: `the shares to be ${JSON.stringify([...shares])}` },
  )
}
const handovers = async (replicas: Iterable<Projector>) => {
  const counts = await Promise.all([...replicas].map((replica) => replica.total('projector_handovers_total')))
  return counts.reduce((sum, count) => sum + count, 0)
}

test('replicas that come and go under load end with the partitions that the hash gives them; nothing is lost or out of order', async () => {
  const ids = Array.from({ length: 24 }, () => Bun.randomUUIDv7())
  const { writer, disorder } = watchingOrder()
  const replicas = new Map<string, Projector>()
  const everybody: Projector[] = []
  const join = async (replica: string) => {
    const started = await world.startProjector({
      replica,
      balanceTimes: hasty,
      writer,
      batchMax: 20,
      prefetch: 40,
    })
    replicas.set(replica, started)
    everybody.push(started)
  }
  const leave = async (replica: string) => {
    const leaving = replicas.get(replica)!
    replicas.delete(replica)
    await leaving.stop()
  }

  await join('one')
  const traffic = load(ids)
  await balanced(replicas)
  await join('two')
  await balanced(replicas)
  await join('three')
  await balanced(replicas)
  // Each join moves what is the new one's, by way of at most one other.
  const joined = await handovers(everybody)
  expect(joined).toBeGreaterThan(0)
  expect(joined).toBeLessThanOrEqual(partitions + 2 * partitions)

  await leave('one')
  await balanced(replicas)
  await join('one')
  await balanced(replicas)
  // At rest nothing moves any more.
  const settled = await handovers(everybody)
  await delay(20 * hasty.lookMs)
  expect(await handovers(everybody)).toBe(settled)
  expect(settled - joined).toBeLessThanOrEqual(4 * partitions)

  const last = await traffic.stop()
  await waitFor(async () => (await world.documents.countDocuments({ version: last })) === ids.length, {
    timeoutMs,
    what: 'the last version of every document',
  })
  expect(disorder).toEqual([])
  for (const replica of replicas.values()) expect(await replica.total('projector_parked_total')).toBe(0)
}, 90_000)
