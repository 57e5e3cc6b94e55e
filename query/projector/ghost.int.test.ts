import { afterEach, beforeEach, expect, test } from 'bun:test'
import { queueName } from '../../shared/messaging/names.ts'
import { partitionOf } from '../../shared/messaging/partition.ts'
import { behindProxy } from '../../tests/support/proxy.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { consumerPriority } from './rendezvous.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld({ partitions: 1 })
})
afterEach(() => world.dispose())

const id = Bun.randomUUIDv7()
const queue = queueName('things-g1', partitionOf(id, 1), 1)
const names = Array.from({ length: 10 }, (_, number) => `replica-${number}`).sort(
  (a, b) => consumerPriority(a, queue) - consumerPriority(b, queue),
)

/** Takes what it is given, and never gets it done. */
async function startStuck(replica: string) {
  const { url: brokerUrl, proxy } = await behindProxy(world.brokerUrl)
  const taken = Promise.withResolvers<void>()
  const projector = await world.startProjector({
    replica,
    brokerUrl,
    stallMs: 5_000,
    writer: {
      write(_, changes) {
        if (changes.length > 0) taken.resolve()
        return new Promise<never>(() => {})
      },
    },
  })
  return { taken: taken.promise, stop: projector.stop, cutOff: () => proxy.down() }
}

/**
 * RabbitMQ 4.3: the first consumer is to hand over to one of a higher priority, and dies with a message in hand. The
 * second takes over; when it dies too, the broker does not miss it, and delivers to nobody else.
 */
test('a consumer that the broker keeps although it is dead holds its partition for a bounded time', async () => {
  const first = await startStuck(names.at(0)!)
  await world.relay.publish([{ id, version: 1, label: 'waits' }])
  await first.taken
  const second = await startStuck(names.at(-1)!)
  await first.cutOff()
  await second.taken
  await second.cutOff()
  await world.startProjector({ replica: names.at(1)! })
  const document = await waitFor(() => world.documents.findOne({ _id: id }), {
    timeoutMs: 25_000,
    what: 'the partition to be free',
  })
  expect(document).toMatchObject({ label: 'waits' })
}, 60_000)

test('one that is stopped while it is to hand over leaves no such consumer behind', async () => {
  const first = await startStuck(names.at(0)!)
  await world.relay.publish([{ id, version: 1, label: 'waits' }])
  await first.taken
  const second = await startStuck(names.at(-1)!)
  await first.stop()
  await second.taken
  await second.cutOff()
  await world.startProjector({ replica: names.at(1)! })
  // Well before the time-out that frees the partition otherwise.
  await waitFor(() => world.documents.findOne({ _id: id }), { timeoutMs: 6_000, what: 'the partition' })
}, 60_000)
