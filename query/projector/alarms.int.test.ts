import { afterEach, beforeEach, expect, test } from 'bun:test'
import { queueName } from '../../shared/messaging/names.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { pipelineProbes } from './health.ts'
import { idOn, things } from './testing/things.ts'
import { ask, createWorld, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.dispose())

const timeoutMs = 10_000
const queues = [0, 1].map((partition) => queueName('things-g1', partition, 2))

const labelOf = async (id: string) => (await world.documents.findOne({ _id: id }))?.label

test('an event that can be neither applied nor parked stops its partition alone, and the pipeline names it', async () => {
  const projector = await world.startProjector({ parkedMax: 0 })
  const [before, behind, elsewhere, bad] = [idOn(0), idOn(0), idOn(1), idOn(0)]
  await world.relay.publish([
    { id: before, version: 1, label: 'before' },
    { id: bad, version: 1, label: 42 },
    { id: behind, version: 1, label: 'behind' },
    { id: elsewhere, version: 1, label: 'elsewhere' },
  ])
  const events = await waitFor(
    async () => {
      const check = (await projector.pipeline())['events']
      return check?.state === 'failed' ? check : undefined
    },
    { timeoutMs, what: 'a red pipeline' },
  )
  expect(events).toMatchObject({
    partitions: [
      {
        group: 'things-g1',
        partition: 0,
        code: 'invalid-data',
        type: 'things.thing.stored.v1',
        id: `${bad}/1`,
      },
    ],
  })
  await world.relay.publish([{ id: elsewhere, version: 2, label: 'still flows' }])
  await waitFor(async () => (await labelOf(elsewhere)) === 'still flows', {
    timeoutMs,
    what: 'the other partition',
  })
  expect(await labelOf(before)).toBe('before')

  // Nothing was lost: without the bad one, all the others are there again for whoever comes next.
  await projector.stop()
  const mended = await world.startProjector({ readModels: [tolerant] })
  await waitFor(async () => (await labelOf(behind)) === 'behind', { timeoutMs, what: 'what stood behind it' })
  expect((await mended.pipeline())['events']).toMatchObject({ state: 'ok' })
})

test('a heartbeat comes through its partition, and every replica can tell for how long none has', async () => {
  const hourMs = 3_600_000
  const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString()
  const first = await world.startProjector()
  const noted = (partition: number, time: string) =>
    waitFor(async () => (await first.records.heartbeatOf(queues[partition]!))?.time === time, {
      timeoutMs,
      what: `the heartbeat of partition ${partition} in the store`,
    })
  // The clock of one relay is an hour ahead, that of the next one an hour behind.
  const [ahead, behind] = [at(hourMs), at(-hourMs)]
  await world.relay.heartbeat(0, { time: ahead, term: 1, number: 9 })
  await noted(0, ahead)
  await world.relay.heartbeat(0, { time: behind, term: 2, number: 1 })
  await noted(0, behind)
  // An older one, redelivered late, turns nothing back.
  await world.relay.heartbeat(0, { time: ahead, head: 9, term: 1, number: 8 })
  await world.relay.heartbeat(1, { time: ahead, term: 2, number: 2 })
  await noted(1, ahead)
  expect(await first.records.heartbeatOf(queues[0]!)).toMatchObject({ time: behind, head: 7, cursor: 7 })

  const other = await world.startProjector({ replica: 'replica-2' })
  const alarm = async (overdueMs: number) => {
    await other.view.refresh()
    return (await ask(pipelineProbes(other.view, () => queues, overdueMs)))['heartbeats']
  }
  expect(await alarm(30_000)).toMatchObject({ state: 'ok' })
  let number = 2
  const red = await waitFor(
    async () => {
      await world.relay.heartbeat(0, { time: behind, term: 2, number: number++ })
      const check = await alarm(1_000)
      const isAlone = (check as { queues?: string[] }).queues?.length === 1
      return check?.state === 'failed' && isAlone ? check : undefined
    },
    { timeoutMs, what: 'the silent partition alone to be told' },
  )
  expect(red).toMatchObject({ queues: [queues[1]] })
  expect(await other.total('projector_heartbeat_age_seconds')).toBeLessThan(600)
})

test('a partition that does not move gives its channel back, also while heartbeats come, and says so', async () => {
  const stuck = Promise.withResolvers<never>()
  const projector = await world.startProjector({
    stallMs: 200,
    writer: { write: () => stuck.promise },
  })
  await world.relay.publish([{ id: idOn(0), version: 1, label: 'stuck' }])
  const isStalled = async () => {
    void world.relay.heartbeat(0)
    return (await ask(projector.readyProbes('failed')))['progress']?.state === 'failed'
  }
  await waitFor(isStalled, { timeoutMs, what: 'no progress', intervalMs: 5 })
  await waitFor(
    async () => {
      const { consumers } = await projector.pipeline()
      return (consumers as { partitions?: { reason?: string }[] }).partitions?.[0]?.reason === 'no progress'
    },
    { timeoutMs, what: 'the channel to be given back', intervalMs: 5 },
  )
  await waitFor(async () => (await projector.pipeline())['consumers']?.state === 'ok', {
    timeoutMs,
    what: 'another',
  })
  stuck.reject(new Error('let go'))
})

/** The same read model with a later version's leniency: what it cannot decode, it takes for a removal. */
const tolerant = {
  ...things,
  handles: {
    ...things.handles,
    decode: (envelope: Parameters<typeof things.handles.decode>[0]) => decodeAnything(envelope),
  },
}

function decodeAnything(envelope: Parameters<typeof things.handles.decode>[0]) {
  try {
    return things.handles.decode(envelope)
  } catch {
    return things.handles.decode({ ...envelope, type: 'things.thing.removed.v1', data: {} })
  }
}
