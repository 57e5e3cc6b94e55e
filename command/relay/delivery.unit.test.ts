import { expect, test } from 'bun:test'
import { silentLogger } from '../../shared/process/log.ts'
import { createMetrics } from '../../shared/process/registry.ts'
import { LogCourse } from './course.ts'
import { CursorMover } from './cursor.ts'
import { Delivery } from './delivery.ts'
import { Heartbeats } from './heartbeats.ts'
import { Lease } from './lease.ts'
import type { LogStore } from './log-store.ts'
import { relayMetrics } from './metrics.ts'
import { ParkedAggregates, type Kept } from './parking/parked.ts'
import type { Fate, Message, Publisher } from './publisher.ts'
import { initialStatus } from './status.ts'
import type { EventMessage } from './window.ts'

/** Answers each call of `publish` with the next of `script`, or as `answer` says; notes what was published. */
function scriptedPublisher(script: (readonly Fate[])[]) {
  const calls: string[][] & { answer?: (ids: string[]) => Fate[] } = []
  const probes: string[] = []
  let restored = 0
  const publisher: Publisher = {
    state: { connected: true, connection: 1, blocked: undefined, reason: undefined },
    async publish(messages: readonly Message[]) {
      const isProbe = ({ type }: Message) => type.startsWith('relay.')
      const ids = messages.map((message) => (isProbe(message) ? 'probe' : message.id))
      probes.push(...messages.filter(isProbe).map(({ body }) => body))
      calls.push(ids)
      return calls.answer?.(ids) ?? script.shift() ?? messages.map(() => 'confirmed')
    },
    async restore() {
      restored++
    },
  }
  return { publisher, script, calls, probes, restored: () => restored }
}

interface SetUp {
  readonly script: (readonly Fate[])[]
  /** Found by every search for something to compare with. */
  readonly control?: EventMessage
  readonly parkedMax?: number
}

async function setUp({ script, control, parkedMax = 10 }: SetUp) {
  const scripted = scriptedPublisher([])
  const status = initialStatus()
  const moved: number[] = []
  const kept: Kept[] = []
  const store = {
    renew: async () => true,
    async moveCursor(move: { seq: number; kept?: Kept }) {
      moved.push(move.seq)
      if (move.kept) kept.push(move.kept)
      return true
    },
  } as unknown as LogStore
  const registry = createMetrics('test')
  const halt = new AbortController()
  const lease = new Lease({
    store,
    token: 1,
    ttlMs: 60_000,
    acquiredAtMs: performance.now(),
    log: silentLogger,
  })
  const { publisher } = scripted
  const metrics = relayMetrics(registry, { status, broker: () => publisher.state })
  const cursor = new CursorMover(lease, silentLogger)
  const common = { publisher, lease, cursor, status, metrics, log: silentLogger, halt: halt.signal }
  const heartbeats = new Heartbeats({ ...common, term: 1, partitions: 8, intervalMs: 1_000 })
  const parked = new ParkedAggregates([], parkedMax)
  const course = new LogCourse({ ...common, parked })
  const delivery = new Delivery({
    ...common,
    heartbeats,
    findControl: async () => control,
    backoffMaxMs: 2,
    abort: lease.lost,
  })
  await heartbeats.send({ head: 0, cursor: 0 }, halt.signal)
  scripted.calls.length = 0
  scripted.probes.length = 0
  scripted.script.push(...script)
  const metric = async (name: string) => {
    const text = await registry.getSingleMetricAsString(`relay_${name}_total`)
    return Number(text.split(' ').at(-1))
  }
  const deliver = (messages: readonly EventMessage[]) => delivery.deliver(messages, course)
  return { ...scripted, deliver, status, moved, kept, metric, halt, settled: () => cursor.settled() }
}

/** Each event's aggregate is `a`, or what follows a slash in its id. */
const window = (...ids: string[]) =>
  ids.map((id, index): EventMessage => ({
    id,
    seq: index + 1,
    partition: 3,
    aggregate: 'users',
    aggregateId: id.split('/')[1] ?? 'a',
    version: index + 1,
    type: 'users.user.created.v2',
    routingKey: 'users.p03of08.user.created',
    contentType: 'application/cloudevents+json',
    body: '{}',
  }))

test('a window that is confirmed moves the cursor to its end', async () => {
  const { deliver, calls, moved, status, settled } = await setUp({ script: [] })
  expect(await deliver(window('a', 'b'))).toBe('done')
  await settled()
  expect(calls).toEqual([['a', 'b']])
  expect(moved).toEqual([2])
  expect(status.waitingSinceMs).toBeUndefined()
})

test.each<[Fate]>([['returned'], ['nacked'], ['unknown']])(
  'the cursor stops before what was %s; after a probe all from there is sent again with the same ids',
  async (fate) => {
    const { deliver, calls, moved, metric, restored, settled } = await setUp({
      script: [['confirmed', fate, 'confirmed'], ['confirmed']],
    })
    expect(await deliver(window('a', 'b', 'c'))).toBe('done')
    await settled()
    expect(calls).toEqual([['a', 'b', 'c'], ['probe'], ['b', 'c']])
    expect(moved).toEqual([1, 3])
    expect(restored()).toBe(1)
    expect(await metric('published')).toBe(5)
    expect(await metric('confirmed')).toBe(4)
    expect(await metric(fate)).toBe(1)
    expect(await metric('outages')).toBe(1)
  },
)

test('no window is sent while the probe fails', async () => {
  const { deliver, calls } = await setUp({
    script: [['nacked', 'nacked'], ['nacked'], ['unknown'], ['confirmed']],
  })
  expect(await deliver(window('a', 'b'))).toBe('done')
  expect(calls).toEqual([['a', 'b'], ['probe'], ['probe'], ['probe'], ['a', 'b']])
})

test('a returned probe is followed by the first event alone, and only its confirm brings the window', async () => {
  const { deliver, calls, moved, settled } = await setUp({
    script: [['returned', 'returned', 'returned'], ['returned'], ['returned'], ['returned'], ['confirmed']],
  })
  expect(await deliver(window('a', 'b', 'c'))).toBe('done')
  await settled()
  expect(calls).toEqual([['a', 'b', 'c'], ['probe'], ['a'], ['probe'], ['a'], ['b', 'c']])
  expect(moved).toEqual([1, 3])
})

test('attempts grow until there is confirmed progress, and the outage is over only then', async () => {
  const { deliver, status, halt, moved } = await setUp({
    script: [['returned'], ['confirmed'], ['returned'], ['confirmed'], ['returned']],
  })
  // Stops at the third failure, whatever the probes say.
  const seen: number[] = []
  Object.defineProperty(status, 'outage', {
    set(outage: { attempts: number } | undefined) {
      if (outage) seen.push(outage.attempts)
      if (outage?.attempts === 3) halt.abort()
    },
    get: () => undefined,
  })
  expect(await deliver(window('a'))).toBe('stopped')
  expect(seen).toEqual([1, 2, 3])
  expect(moved).toEqual([])
})

test('told to stop, it ends the window under way and does not sit out an outage', async () => {
  const { deliver, calls, moved, halt, settled } = await setUp({ script: [['confirmed', 'nacked']] })
  halt.abort()
  expect(await deliver(window('a', 'b'))).toBe('stopped')
  await settled()
  expect(calls).toEqual([['a', 'b']])
  expect(moved).toEqual([1])
})

const [stranger] = window('s/stranger') as [EventMessage]
const trial = (ids: string[]) => ids.at(-1) === stranger.id

test('what cannot be encoded parks its aggregate at once, with all that comes after; others are sent once', async () => {
  const { deliver, calls, moved, kept, metric, settled } = await setUp({
    script: [['confirmed', 'unencodable', 'confirmed', 'confirmed']],
  })
  expect(await deliver(window('1/a', '2/b', '3/b', '4/c'))).toBe('done')
  expect(await deliver(window('5/b', '6/a'))).toBe('done')
  expect(await deliver(window('7/b'))).toBe('done')
  await settled()
  expect(calls).toEqual([['1/a', '2/b', '3/b', '4/c'], ['6/a']])
  expect(moved).toEqual([1, 4, 2, 1])
  expect(kept.map(({ seqs }) => seqs)).toEqual([[2, 3], [1], [1]])
  expect(kept[0]!.aggregates).toEqual([
    {
      aggregatetype: 'users',
      aggregateid: 'b',
      reason: 'event 2/b at seq 2 cannot be encoded for the broker',
    },
  ])
  expect(await metric('parked')).toBe(4)
  expect(await metric('outages')).toBe(0)
})

test.each<[Fate]>([['returned'], ['nacked']])(
  'what is %s again and again, while others with its routing key are taken, is parked after three trials',
  async (fate) => {
    const failed = [[fate, 'confirmed'], ['confirmed']] as const
    const { deliver, calls, kept, settled } = await setUp({
      script: [
        ...failed,
        ...failed,
        ...failed,
        [fate, 'confirmed'],
        ...failed.toReversed(),
        ...failed.toReversed(),
      ],
      control: stranger,
    })
    expect(await deliver(window('1/a', '2/b'))).toBe('done')
    await settled()
    const trials = calls.filter(trial)
    expect(trials).toEqual([1, 2, 3].map(() => ['1/a', stranger.id]))
    // The window thrice, and what is left of it.
    expect(calls.filter((ids) => ids.includes('2/b'))).toEqual([
      ['1/a', '2/b'],
      ['1/a', '2/b'],
      ['1/a', '2/b'],
      ['2/b'],
    ])
    expect(kept.map(({ seqs }) => seqs)).toEqual([[1]])
    expect(kept[0]!.aggregates[0]!.reason).toContain(`is ${fate} by the broker while others`)
  },
)

test.each<[string, (trials: number) => Fate[]]>([
  ['the control fails too', () => ['nacked', 'nacked']],
  ['the broker is lost', () => ['unknown', 'unknown']],
  ['proofs are not one after the other', (trials) => ['nacked', trials % 3 === 0 ? 'nacked' : 'confirmed']],
])('nothing is parked while %s, however long', async (_what, inTrial) => {
  const { deliver, calls, kept, halt } = await setUp({ script: [], control: stranger })
  let trials = 0
  calls.answer = (ids) => {
    if (ids[0] === 'probe') return ['confirmed']
    if (!trial(ids)) return ids.map(() => 'nacked')
    if (++trials === 20) halt.abort()
    return inTrial(trials)
  }
  expect(await deliver(window('1/a', '2/b'))).toBe('stopped')
  expect(trials).toBe(20)
  expect(kept).toEqual([])
})

test('a trial in which the suspect is taken ends the outage', async () => {
  const refused = [['nacked'], ['confirmed']] as const
  const { deliver, calls, moved, kept, settled } = await setUp({
    script: [...refused, ...refused, ...refused, ['confirmed', 'confirmed']],
    control: stranger,
  })
  expect(await deliver(window('1/a'))).toBe('done')
  await settled()
  expect(calls.at(-1)).toEqual(['1/a', stranger.id])
  expect(moved).toEqual([1])
  expect(kept).toEqual([])
})

test('beyond the limit nothing is parked: everybody waits, and only the event itself is tried', async () => {
  const { deliver, calls, kept, halt, status } = await setUp({
    script: [['unencodable', 'confirmed'], ['confirmed'], ['unencodable'], ['confirmed'], ['unencodable']],
    parkedMax: 0,
  })
  calls.push = (ids) => {
    if (calls.length === 4) halt.abort()
    return Array.prototype.push.call(calls, ids)
  }
  const reasons = new Set<string>()
  Object.defineProperty(status, 'outage', {
    set(outage: { reason: string } | undefined) {
      if (outage) reasons.add(outage.reason)
    },
    get: () => undefined,
  })
  expect(await deliver(window('1/a', '2/b'))).toBe('stopped')
  expect(calls).toEqual([['1/a', '2/b'], ['probe'], ['1/a'], ['probe'], ['1/a']])
  expect([...reasons].join()).toContain('too many aggregates are parked already')
  expect(kept).toEqual([])
})

test.each([
  ['an operator', { observation: { paused: { since: '', by: 'ada', reason: 'why' } } }],
  ['the guard', { refusal: 'the sequence …' }],
])('%s ends a delivery between two windows: what is not confirmed is read again', async (_who, change) => {
  const { deliver, calls, moved, status, settled } = await setUp({ script: [['confirmed', 'nacked']] })
  calls.push = (ids) => {
    Object.assign(status, change)
    return Array.prototype.push.call(calls, ids)
  }
  expect(await deliver(window('a', 'b'))).toBe('refused')
  await settled()
  expect(calls).toEqual([['a', 'b']])
  expect(moved).toEqual([1])
  expect(status.waitingSinceMs).toBeUndefined()
})

test('heartbeats after a partly confirmed window name its confirmed prefix, and count what is sent twice once', async () => {
  const { deliver, probes } = await setUp({
    script: [['confirmed', 'nacked', 'confirmed'], ['confirmed'], ['confirmed', 'confirmed'], ['nacked']],
  })
  await deliver(window('a', 'b', 'c'))
  await deliver([{ ...window('d')[0]!, seq: 4, version: 4 }])
  expect(probes.map((body) => JSON.parse(body).last.users)).toEqual([
    { seq: 1, count: 1, id: 'a', version: 1 },
    { seq: 3, count: 3, id: 'a', version: 3 },
  ])
})
