import { describe, expect, test } from 'bun:test'
import type { QueueEntry, ReplayNeed } from '../queue-records.ts'
import { things } from '../testing/things.ts'
import { queueOf, type PartitionOf } from '../topology.ts'
import { plan } from './plan.ts'

const nowMs = Date.parse('2026-01-02T03:04:05.000Z')
const agoS = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString()
const places = [0, 1, 2].map((partition): PartitionOf => ({ model: things, partition, partitions: 3 }))

const all = (more: Partial<ReplayNeed> = {}): ReplayNeed => ({
  reason: 'first',
  scope: { kind: 'all' },
  since: agoS(1),
  requests: [],
  ...more,
})
const from = (seq: number, more: Partial<ReplayNeed> = {}): ReplayNeed =>
  all({ reason: 'queue-lost', scope: { kind: 'from', seq }, ...more })

/** By partition: what its queue needs, `undeclared`, or that it is not known. */
function run(entries: (ReplayNeed | 'well' | 'undeclared' | 'unknown')[], mine: string[] = []) {
  const known = new Map<string, QueueEntry>()
  for (const [partition, what] of entries.entries()) {
    if (what === 'unknown') continue
    const queue = queueOf(places[partition]!)
    known.set(queue, {
      queue,
      group: 'things-g1',
      partition,
      isUndeclared: what === 'undeclared',
      replay: what === 'well' ? undefined : what === 'undeclared' ? all() : what,
    })
  }
  const options = { nowMs, patienceMs: 60_000, flowing: new Set(known.keys()), mine: new Set(mine) }
  const planned = plan(places, known, options)
  const short = (requests: (typeof planned)['ask']) =>
    requests.map(({ scope, places: of }) => ({ scope, only: of.map(({ partition }) => partition) }))
  return { ask: short(planned.ask), repeat: planned.repeat.map(({ id }) => id) }
}
const nothing = { ask: [], repeat: [] }

describe('what is asked for', () => {
  test('nothing where nothing is missing', () => {
    expect(run(['well', 'well', 'well'])).toEqual(nothing)
  })
  test("one replay for a new group, once all of the group's queues are there", () => {
    expect(run([all(), all(), 'unknown'])).toEqual(nothing)
    expect(run([all(), all(), 'undeclared'])).toEqual(nothing)
    expect(run([all(), all(), all()]).ask).toEqual([{ scope: { kind: 'all' }, only: [0, 1, 2] }])
  })
  test('but a queue that cannot be declared does not hold up the others for ever', () => {
    const waiting = all({ since: agoS(60) })
    expect(run([waiting, waiting, 'undeclared']).ask).toEqual([{ scope: { kind: 'all' }, only: [0, 1] }])
  })
  test('one replay for all partitions that lack the same kind of thing, from the earliest on', () => {
    expect(run([from(9), all(), from(7)]).ask).toEqual([
      { scope: { kind: 'from', seq: 7 }, only: [0, 2] },
      { scope: { kind: 'all' }, only: [1] },
    ])
  })
})

describe('what was asked for', () => {
  const claimed = { requests: ['r1'], requested_at: agoS(2) }
  test('by another replica just now is left to it, and nothing beside it is asked for in a hurry', () => {
    expect(run([all(claimed), all(), 'well'])).toEqual(nothing)
  })
  test('is sent again with its id until the relay has it, by the others when its replica may be gone', () => {
    expect(run([all(claimed), 'well', 'well'], ['r1']).repeat).toEqual(['r1'])
    expect(run([all({ ...claimed, requested_at: agoS(20) }), 'well', 'well']).repeat).toEqual(['r1'])
  })
  test('is waited for as long as something comes of it', () => {
    const asked = (more: Partial<ReplayNeed>) => run([from(7, { ...claimed, ...more }), 'well', 'well'])
    expect(asked({ published_at: agoS(50) })).toEqual(nothing)
    expect(asked({ published_at: agoS(500), progress_at: agoS(50) })).toEqual(nothing)
    expect(asked({ published_at: agoS(500) }).ask).toHaveLength(1)
    // The second time it is given twice as long.
    expect(asked({ published_at: agoS(100), requests: ['r1', 'r2'] })).toEqual(nothing)
    expect(asked({ published_at: agoS(130), requests: ['r1', 'r2'] }).ask).toHaveLength(1)
  })
})
