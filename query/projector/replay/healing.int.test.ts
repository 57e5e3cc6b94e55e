import { afterEach, beforeEach, expect, test } from 'bun:test'
import { aggregateBinding, exchangeName, queueName } from '../../../shared/messaging/names.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { pipelineProbes } from '../health.ts'
import { idOn, things } from '../testing/things.ts'
import { ask, createWorld, type World } from '../testing/world.ts'

type Projector = Awaited<ReturnType<World['startProjector']>>

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 20_000
const queues = [0, 1].map((partition) => queueName('things-g1', partition, 2))

const labelOf = async (id: string) => (await world.documents.findOne({ _id: id }))?.label
const isShown = (id: string, label: string) =>
  waitFor(async () => (await labelOf(id)) === label, { timeoutMs, what: `"${label}"` })

/** What `/health/pipeline` says about queues, in any replica. */
async function health({ view }: Projector) {
  await view.refresh()
  return (await ask(pipelineProbes(view, () => queues, 30_000)))['queues']
}
const becomes = (projector: Projector, state: string) =>
  waitFor(
    async () => {
      const check = await health(projector)
      return check?.state === state ? check : undefined
    },
    { timeoutMs, what: `queues to be ${state}` },
  )
const needOf = async (projector: Projector, partition: number) =>
  (await projector.records.queueOf(queues[partition]!))?.replay
/** A heartbeat that names the last event, and has come through. */
async function heartbeat(
  projector: Projector,
  last: { id: string; seq: number; version: number; count: number },
  term = 1,
) {
  const time = new Date().toISOString()
  const more = { time, cursor: last.seq, head: last.seq, term, last: { things: last } }
  await world.relay.heartbeat(0, more)
  await waitFor(async () => (await projector.records.heartbeatOf(queues[0]!))?.time === time, {
    timeoutMs,
    what: 'the heartbeat',
  })
}

/** A projector whose first filling is over. */
async function startFilled(): Promise<Projector> {
  await world.relay.takeRequests()
  const projector = await world.startProjector()
  await world.relay.replay(await world.relay.nextRequest())
  await becomes(projector, 'ok')
  return projector
}

test('a new group asks for everything, as soon as there is a relay; then it is well', async () => {
  const projector = await world.startProjector()
  expect(await becomes(projector, 'degraded')).toMatchObject({
    queues: [{ reason: 'first' }, { reason: 'first' }],
  })
  await world.relay.takeRequests()
  const request = await world.relay.nextRequest()
  expect(request).toMatchObject({
    group: 'things-g1',
    aggregate: 'things',
    partitions: 2,
    only: null,
    scope: { kind: 'all' },
    reason: 'first',
    requested_by: 'replica-1',
  })
  const id = idOn(1)
  await world.relay.replay(request, [{ id, version: 3, label: 'from before' }])
  await becomes(projector, 'ok')
  expect(await labelOf(id)).toBe('from before')
  expect(await projector.total('projector_replay_needed')).toBe(0)
  expect(await world.relay.request()).toBeUndefined()
})

test('replicas that start together for the first time ask once between them', async () => {
  await world.relay.takeRequests()
  const replicas = await Promise.all(['a', 'b', 'c'].map((replica) => world.startProjector({ replica })))
  const asked: number[] = []
  while (asked.length < 2) {
    const request = await world.relay.nextRequest()
    asked.push(...(request.only ?? [0, 1]))
    await world.relay.replay(request)
  }
  expect(asked.toSorted()).toEqual([0, 1])
  for (const replica of replicas) await becomes(replica, 'ok')
  const requested = replicas.map((replica) => replica.total('projector_replays_needed_total'))
  expect((await Promise.all(requested)).reduce((sum, one) => sum + one)).toBe(2)
  expect(await world.relay.request()).toBeUndefined()
})

test('a queue that is deleted is declared again, and what was lost with it asked for', async () => {
  const projector = await startFilled()
  const [before, lost, after] = [idOn(0), idOn(0), idOn(0)]
  await world.relay.publish([{ id: before, version: 1, seq: 5, label: 'before' }])
  await heartbeat(projector, { id: before, seq: 5, version: 1, count: 1 })

  // The broker cancels the consumer of a deleted queue.
  await world.relay.channel.queueDelete(queues[0]!)
  const request = await world.relay.nextRequest()
  expect(request).toMatchObject({ only: [0], scope: { kind: 'from', seq: 5 }, reason: 'queue-lost' })
  expect(await becomes(projector, 'failed')).toMatchObject({
    queues: [{ queue: queues[0], reason: 'queue-lost', since: expect.any(String) }],
  })
  // What comes live flows at once, and the replay beside it.
  await world.relay.publish([{ id: after, version: 1, seq: 7, label: 'after' }])
  await isShown(after, 'after')
  await world.relay.replay(request, [{ id: lost, version: 1, seq: 6, label: 'lost' }], 6)
  await becomes(projector, 'ok')
  expect(await labelOf(lost)).toBe('lost')
  expect((await health(projector))?.state).toBe('ok')
})

test('a queue deleted while no projector ran, and one lost again during its replay: that marker ends nothing', async () => {
  await (await startFilled()).stop()
  await world.relay.channel.queueDelete(queues[0]!)
  const projector = await world.startProjector({ replica: 'replica-2' })
  const first = await world.relay.nextRequest()
  expect(first).toMatchObject({ only: [0], reason: 'queue-lost', requested_by: 'replica-2' })

  await world.relay.channel.queueDelete(queues[0]!)
  const second = await world.relay.nextRequest()
  expect(second.id).not.toBe(first.id)
  await world.relay.replay(first)
  // A sign that the marker has been applied.
  await world.relay.publish([{ id: idOn(0), version: 1, label: 'behind' }])
  await waitFor(async () => (await projector.total('projector_events_applied_total')) === 1, {
    timeoutMs,
    what: 'the event behind the marker',
  })
  expect((await health(projector))?.state).toBe('failed')
  await world.relay.replay(second)
  await becomes(projector, 'ok')
}, 60_000)

test('a store that lost what it had is filled again, whether it is noticed running or at the start', async () => {
  const projector = await startFilled()
  await world.database.collectionOf('projector_queues').drop()
  const running = await world.relay.nextRequest()
  expect(running).toMatchObject({ only: null, scope: { kind: 'all' }, reason: 'store-lost' })
  await world.relay.replay(running)
  await becomes(projector, 'ok')

  await projector.stop()
  await world.database.collectionOf('projector_queues').drop()
  const next = await world.startProjector()
  const atStart = await world.relay.nextRequest()
  expect(atStart).toMatchObject({ only: null, scope: { kind: 'all' }, reason: 'store-lost' })
  await world.relay.replay(atStart)
  await becomes(next, 'ok')
}, 60_000)

test('a binding that is gone while another group still gets the events: noticed, bound again, brought back', async () => {
  const projector = await startFilled()
  const { channel } = world.relay
  await channel.queueDeclare('others', { durable: true }, { 'x-queue-type': 'quorum' })
  await channel.queueBind('others', exchangeName, 'things.#')
  const [seen, unseen, later] = [idOn(0), idOn(0), idOn(0)]
  await world.relay.publish([{ id: seen, version: 1, seq: 5, label: 'seen' }])
  await heartbeat(projector, { id: seen, seq: 5, version: 1, count: 1 })
  expect(await needOf(projector, 0)).toBeUndefined()

  await channel.queueUnbind(queues[0]!, exchangeName, aggregateBinding('things', 0, 2))
  await world.relay.publish([{ id: unseen, version: 1, seq: 6, label: 'unseen' }])
  await heartbeat(projector, { id: unseen, seq: 6, version: 1, count: 2 })
  const request = await world.relay.nextRequest()
  expect(request).toMatchObject({ only: [0], scope: { kind: 'from', seq: 5 }, reason: 'events-missing' })
  expect(await projector.total('projector_replays_needed_total')).toBe(3)
  await world.relay.publish([{ id: later, version: 1, seq: 7, label: 'later' }])
  await isShown(later, 'later')
  await world.relay.replay(request, [{ id: unseen, version: 1, seq: 6, label: 'unseen' }], 6)
  await becomes(projector, 'ok')
  await heartbeat(projector, { id: later, seq: 7, version: 1, count: 3 })
  expect(await needOf(projector, 0)).toBeUndefined()
}, 60_000)

test('a hole in the middle, with later events behind it', async () => {
  const projector = await startFilled()
  const { channel } = world.relay
  await channel.queueDeclare('others', { durable: true }, { 'x-queue-type': 'quorum' })
  await channel.queueBind('others', exchangeName, 'things.#')
  const id = idOn(0)
  await world.relay.publish([{ id, version: 1, seq: 5, label: 'one' }])
  await heartbeat(projector, { id, seq: 5, version: 1, count: 1 })
  const binding = aggregateBinding('things', 0, 2)
  await channel.queueUnbind(queues[0]!, exchangeName, binding)
  await world.relay.publish([{ id: idOn(0), version: 1, seq: 6, label: 'lost' }])
  await channel.queueBind(queues[0]!, exchangeName, binding)
  await world.relay.publish([{ id, version: 2, seq: 7, label: 'two' }])
  await heartbeat(projector, { id, seq: 7, version: 2, count: 3 })
  expect(await world.relay.nextRequest()).toMatchObject({ scope: { kind: 'from', seq: 5 } })
}, 60_000)

test('a queue that is purged while nobody consumes it', async () => {
  const first = await startFilled()
  const [seen, purged] = [idOn(0), idOn(0)]
  await world.relay.publish([{ id: seen, version: 1, seq: 5, label: 'seen' }])
  await heartbeat(first, { id: seen, seq: 5, version: 1, count: 1 })
  await first.stop()
  await world.relay.publish([{ id: purged, version: 1, seq: 6, label: 'purged' }])
  await world.relay.channel.queuePurge(queues[0]!)
  const next = await world.startProjector({ replica: 'replica-2' })
  await heartbeat(next, { id: purged, seq: 6, version: 1, count: 2 })
  expect(await world.relay.nextRequest()).toMatchObject({ only: [0], scope: { kind: 'from', seq: 5 } })
}, 60_000)

test('a hole in the middle that a hand-over hides from both consumers, with later events behind it', async () => {
  const first = await startFilled()
  const [seen, alsoSeen, purged, later] = [idOn(0), idOn(0), idOn(0), idOn(0)]
  await world.relay.publish([{ id: seen, version: 1, seq: 5, label: 'seen' }])
  await heartbeat(first, { id: seen, seq: 5, version: 1, count: 1 })
  await world.relay.publish([{ id: alsoSeen, version: 1, seq: 6, label: 'also seen' }])
  await isShown(alsoSeen, 'also seen')
  await first.stop()
  await world.relay.publish([{ id: purged, version: 1, seq: 7, label: 'purged' }])
  await world.relay.channel.queuePurge(queues[0]!)
  const next = await world.startProjector({ replica: 'replica-2' })
  await world.relay.publish([{ id: later, version: 1, seq: 8, label: 'later' }])
  await heartbeat(next, { id: later, seq: 8, version: 1, count: 4 })
  expect(await world.relay.nextRequest()).toMatchObject({
    only: [0],
    scope: { kind: 'from', seq: 5 },
    reason: 'events-missing',
  })
}, 60_000)

test('no alarm where each of several consumers had a part of what was sent', async () => {
  let projector = await startFilled()
  const send = async (seq: number) => {
    const id = idOn(0)
    await world.relay.publish([{ id, version: 1, seq, label: `${seq}` }])
    await isShown(id, `${seq}`)
    return id
  }
  await heartbeat(projector, { id: await send(5), seq: 5, version: 1, count: 1 })
  for (const [count, seq] of [6, 7, 8].entries()) {
    const id = await send(seq)
    await projector.stop()
    projector = await world.startProjector({ replica: `replica-${seq}` })
    if (seq > 6) await heartbeat(projector, { id, seq, version: 1, count: 2 + count })
  }
  expect(await needOf(projector, 0)).toBeUndefined()
  // It is exact, or the next hole would stay unseen.
  const id = await send(10)
  await heartbeat(projector, { id, seq: 10, version: 1, count: 6 })
  expect(await world.relay.nextRequest()).toMatchObject({ scope: { kind: 'from', seq: 8 } })
}, 60_000)

test('no alarm where another replica applied the event, or nothing has come yet, or a relay begins anew', async () => {
  const first = await startFilled()
  const [id, late] = [idOn(0), idOn(0)]
  await world.relay.publish([{ id, version: 4, seq: 5, label: 'four' }])
  await isShown(id, 'four')
  await first.stop()
  const next = await world.startProjector({ replica: 'replica-2' })
  await heartbeat(next, { id, seq: 5, version: 4, count: 1 })
  await world.relay.heartbeat(0, { cursor: 5, head: 5, term: 2 })
  await world.relay.publish([{ id: late, version: 1, seq: 8, label: 'late' }])
  await heartbeat(next, { id: late, seq: 8, version: 1, count: 1 }, 2)
  expect(await needOf(next, 0)).toBeUndefined()
  expect(await next.total('projector_replays_needed_total')).toBe(0)
}, 60_000)

test('no alarm where the event came and is parked, to the consumer that parked it or to the next', async () => {
  const first = await startFilled()
  const [good, bad] = [idOn(0), idOn(0)]
  await world.relay.publish([
    { id: good, version: 1, seq: 5, label: 'good' },
    { id: bad, version: 1, seq: 6, label: 42 },
  ])
  await heartbeat(first, { id: bad, seq: 6, version: 1, count: 2 })
  await first.stop()
  const next = await world.startProjector({ replica: 'replica-2' })
  await heartbeat(next, { id: bad, seq: 6, version: 1, count: 2 })
  expect(await needOf(next, 0)).toBeUndefined()
}, 60_000)

test('where documents have ids of their own only a count can tell that something is missing', async () => {
  const readModels = [{ ...things, isKeyedByAggregate: false }]
  await world.relay.takeRequests()
  const projector = await world.startProjector({ readModels })
  await world.relay.replay(await world.relay.nextRequest())
  await becomes(projector, 'ok')
  await heartbeat(projector, { id: idOn(0), seq: 6, version: 1, count: 2 })
  expect(await needOf(projector, 0)).toBeUndefined()
  await heartbeat(projector, { id: idOn(0), seq: 8, version: 1, count: 3 })
  expect(await world.relay.nextRequest()).toMatchObject({ reason: 'events-missing', scope: { seq: 6 } })
}, 60_000)

test('a replica that dies after it claimed a request and before it sent it: another sends it', async () => {
  const projector = await world.startProjector()
  await becomes(projector, 'degraded')
  const [claimed] = (await projector.records.queues()).filter(({ replay }) => replay)
  const id = crypto.randomUUID()
  await world.database
    .collectionOf<{ _id: string; replay?: object }>('projector_queues')
    .updateMany({}, { $set: { 'replay.requests': [id], 'replay.requested_at': '2026-01-01T00:00:00.000Z' } })
  expect(claimed).toBeDefined()
  await world.relay.takeRequests()
  const request = await world.relay.nextRequest()
  expect(request).toMatchObject({ id, only: null, requested_at: '2026-01-01T00:00:00.000Z' })
  await world.relay.replay(request)
  await becomes(projector, 'ok')
})

test('a request of which nothing comes is made again, while heartbeats flow', async () => {
  await world.relay.takeRequests()
  const projector = await world.startProjector({ patienceMs: 500 })
  const first = await world.relay.nextRequest()
  await world.relay.heartbeat(0)
  await world.relay.heartbeat(1)
  const second = await world.relay.nextRequest()
  expect(second.id).not.toBe(first.id)
  // Late, and as good as any.
  await world.relay.replay(first)
  await becomes(projector, 'ok')
}, 60_000)
