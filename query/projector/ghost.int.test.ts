import { afterEach, beforeEach, expect, test } from 'bun:test'
import { queueName } from '../../shared/messaging/names.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { byPreference } from './balance/rendezvous.ts'
import { hasty } from './testing/wiring.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld({ partitions: 1 })
})
afterEach(() => world.dispose())

const id = Bun.randomUUIDv7()
const queue = queueName('things-g1', 0, 1)
/** The preferred one last. */
const [last, third, second, first] = ['a', 'b', 'c', 'd'].toSorted(byPreference(queue)) as [
  string,
  string,
  string,
  string,
]

/** Takes what it is given, and never gets it done. */
async function startStuck(replica: string) {
  const { url: brokerUrl, proxy } = await behindProxy(world.brokerUrl)
  const taken = Promise.withResolvers<void>()
  const projector = await world.startProjector({
    replica,
    brokerUrl,
    balanceTimes: hasty,
    writer: {
      write(_, changes) {
        if (changes.length > 0) taken.resolve()
        return new Promise<never>(() => {})
      },
    },
  })
  return {
    taken: taken.promise,
    isHandingOver: async () => (await projector.total('projector_handovers_total')) > 0,
    stop: projector.stop,
    cutOff: () => proxy.down(),
  }
}

/**
 * The first is to hand over to the one that is preferred, and ends with a message in hand. Where replicas had priorities
 * at the broker, RabbitMQ 4.3 did not miss the one that took over when it died too, and delivered to nobody else.
 */
test.each(['killed', 'stopped'] as const)(
  'one that is %s inside a hand-over leaves nothing behind that holds the partition',
  async (how) => {
    const one = await startStuck(first)
    await world.relay.publish([{ id, version: 1, label: 'waits' }])
    await one.taken
    const two = await startStuck(second)
    await waitFor(one.isHandingOver, { timeoutMs: 10_000, what: 'the hand-over to begin' })
    await (how === 'killed' ? one.cutOff() : one.stop())
    await two.taken
    const three = await startStuck(third)
    await waitFor(two.isHandingOver, { timeoutMs: 10_000, what: 'the next hand-over to begin' })
    await two.cutOff()
    await three.taken
    await three.cutOff()
    await world.startProjector({ replica: last })
    // Well before the time-out that would free the partition.
    await waitFor(() => world.documents.findOne({ _id: id }), { timeoutMs: 6_000, what: 'the partition' })
    expect(await world.documents.findOne({ _id: id })).toMatchObject({ label: 'waits' })
  },
  60_000,
)
