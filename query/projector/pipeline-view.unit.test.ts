import { expect, test } from 'bun:test'
import type { Heartbeat } from '../../shared/messaging/names.ts'
import { heartbeatOrder, type HeartbeatEntry } from './heartbeat-records.ts'
import { createPipelineView } from './pipeline-view.ts'

const hourMs = 3_600_000
type Said = Pick<Heartbeat, 'term' | 'number'> & { clockMs: number }
const entry = ({ term, number, clockMs }: Said): HeartbeatEntry => {
  const time = new Date(Date.now() + clockMs).toISOString()
  const order = heartbeatOrder({ term, number, time })
  return { queue: 'q', group: 'things-g1', partition: 0, head: 1, cursor: 1, time, order }
}

/** A view that looks once a second at what the relay said last, for as long as it says something; how old that is then. */
async function ages(said: (Said | undefined)[], stored?: HeartbeatEntry): Promise<(number | undefined)[]> {
  let nowMs = 5_000
  let newest = stored
  const records = { heartbeats: async () => (newest ? [newest] : []), queues: async () => [] }
  const view = createPipelineView(records, () => nowMs)
  const found = []
  for (const heartbeat of said) {
    nowMs += 1_000
    if (heartbeat) newest = entry(heartbeat)
    await view.refresh()
    found.push(view.heartbeats()[0]?.ageSeconds)
  }
  return found
}

test.each([
  ['right', 0],
  ['an hour ahead', hourMs],
  ['an hour behind', -hourMs],
])('the age of a heartbeat is right where the clock of its relay is %s', async (_, clockMs) => {
  const said = [1, 2, 3].map((number) => ({ term: 1, number, clockMs }))
  expect(await ages([undefined, ...said, undefined, undefined])).toEqual([undefined, 0, 0, 0, 1, 2])
})
test('a clock that is set back, in a term or by the next relay, neither hides silence nor makes a late one of a new one', async () => {
  const said = [
    { term: 1, number: 1, clockMs: hourMs },
    { term: 1, number: 2, clockMs: 0 },
    { term: 2, number: 1, clockMs: -hourMs },
  ]
  expect(await ages([undefined, ...said, undefined])).toEqual([undefined, 0, 0, 0, 1])
})
test('what was there when the process started is at least as old as the process', async () => {
  expect(await ages([undefined, undefined], entry({ term: 1, number: 1, clockMs: hourMs }))).toEqual([1, 2])
})
test('an older one, come again, changes nothing', async () => {
  const [first, second] = [1, 2].map((number) => ({ term: 1, number, clockMs: 0 }))
  expect(await ages([undefined, first, second, first, first])).toEqual([undefined, 0, 0, 1, 2])
})
test('a relay that does not number its heartbeats is taken at its clock, until one comes that does', async () => {
  const said = [
    { clockMs: 0 },
    { clockMs: 1_000 },
    { term: 1, number: 1, clockMs: -hourMs },
    { clockMs: 2_000 },
  ]
  expect(await ages([undefined, ...said])).toEqual([undefined, 0, 0, 0, 1])
})
test('what a process of an older version noted, which leaves the order as it is, is news by its time', async () => {
  const found = [entry({ term: 1, number: 1, clockMs: 0 })]
  const records = { heartbeats: async () => found, queues: async () => [] }
  let nowMs = 0
  const view = createPipelineView(records, () => nowMs)
  await view.refresh()
  nowMs = 5_000
  found[0] = { ...found[0]!, time: new Date(Date.now() + 5_000).toISOString() }
  await view.refresh()
  expect(view.heartbeats()[0]?.ageSeconds).toBe(0)
})
