import { describe, expect, test } from 'bun:test'
import { partitionProbes, pipelineProbes, progressProbe } from './health.ts'
import { partitionState, type PartitionState } from './partition-state.ts'
import { Poison } from './prepare.ts'
import type { HeartbeatAge } from './pipeline-view.ts'

const overdueMs = 30_000

async function answer(change: Partial<PartitionState>, name: string) {
  const healthy = { subscribed: true, reason: undefined }
  const states = [0, 1].map((partition) => ({
    ...partitionState({ group: 'things-g1', partition, queue: `q${partition}` }),
    ...healthy,
    ...(partition === 1 ? change : undefined),
  }))
  const checks = await Promise.all(partitionProbes(states, overdueMs).map((probe) => probe()))
  expect(checks.filter((check) => check.name !== name && check.state !== 'ok')).toEqual([])
  return checks.find((check) => check.name === name)
}

describe('each trouble of a partition has its alarm, with the partition and the reason', () => {
  const place = { group: 'things-g1', partition: 1 }
  test('no consumer', async () => {
    expect(
      await answer({ subscribed: false, reason: 'subscribing failed (404)' }, 'consumers'),
    ).toMatchObject({
      state: 'failed',
      partitions: [{ ...place, reason: 'subscribing failed (404)' }],
    })
  })
  test('a poisoned message', async () => {
    const poison = new Poison('invalid-data', 'things.thing.stored.v1', 'id-1', '/label is invalid')
    expect(await answer({ poison }, 'events')).toMatchObject({
      state: 'failed',
      partitions: [{ ...place, code: 'invalid-data', type: 'things.thing.stored.v1', id: 'id-1' }],
    })
  })
  test('writes that fail', async () => {
    expect(await answer({ writeFailing: true }, 'writes')).toMatchObject({
      state: 'failed',
      partitions: [place],
    })
  })
  test('lag beyond the setting, and not below', async () => {
    expect(await answer({ oldestUnappliedMs: Date.now() - 31_000 }, 'lag')).toMatchObject({
      state: 'failed',
      partitions: [place],
    })
    expect(await answer({ oldestUnappliedMs: Date.now() - 20_000 }, 'lag')).toMatchObject({ state: 'ok' })
  })
})

describe('progress', () => {
  const probe = async (change: Partial<PartitionState>) => {
    const state = { ...partitionState({ group: 'things-g1', partition: 0, queue: 'q' }), ...change }
    return progressProbe([state], 30_000, 'failed')()
  }
  test('nothing to do is progress, and so is a short wait', async () => {
    expect(await probe({})).toMatchObject({ state: 'ok' })
    expect(await probe({ workSinceMs: performance.now() - 10_000 })).toMatchObject({ state: 'ok' })
  })
  test('work that does not move is none, unless a poisoned message explains it', async () => {
    const workSinceMs = performance.now() - 31_000
    expect(await probe({ workSinceMs })).toMatchObject({ state: 'failed' })
    expect(await probe({ workSinceMs, poison: new Poison('not-json', '', '', '') })).toMatchObject({
      state: 'ok',
    })
  })
})

describe('heartbeats', () => {
  const probe = async (ages: Record<string, number>, overdue = overdueMs) => {
    const heartbeats = () =>
      Object.entries(ages).map(([queue, ageSeconds]) => ({ queue, ageSeconds }) as unknown as HeartbeatAge)
    const view = { heartbeats, queues: () => [] } as never
    return (await Promise.all(pipelineProbes(view, () => ['q0', 'q1'], overdue).map((ask) => ask())))[0]
  }
  test('young ones from every queue are well', async () => {
    expect(await probe({ q0: 1, q1: 2 })).toEqual({ name: 'heartbeats', state: 'ok', seconds: 2 })
  })
  test('an old one is an alarm that names its queue', async () => {
    expect(await probe({ q0: 1, q1: 31 })).toMatchObject({ state: 'failed', queues: ['q1'] })
  })
  test('none at all is one too, but not right after the start', async () => {
    expect(await probe({ q0: 1 })).toMatchObject({ state: 'degraded', queues: ['q1'] })
    expect(await probe({ q0: 0 }, 0)).toMatchObject({ state: 'failed', queues: ['q1'] })
  })
})
