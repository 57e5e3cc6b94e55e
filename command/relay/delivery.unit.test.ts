import { expect, test } from 'bun:test'
import { silentLogger } from '../../shared/process/log.ts'
import { createMetrics } from '../../shared/process/metrics.ts'
import { CursorMover } from './cursor.ts'
import { Delivery } from './delivery.ts'
import { Heartbeats } from './heartbeats.ts'
import { Lease } from './lease.ts'
import type { LogStore } from './log-store.ts'
import { relayMetrics } from './metrics.ts'
import type { Fate, Message, Publisher } from './publisher.ts'
import { initialStatus } from './status.ts'
import type { EventMessage } from './window.ts'

/** Answers each call of `publish` with the next of `script`; notes what was published. */
function scriptedPublisher(script: (readonly Fate[])[]) {
  const calls: string[][] = []
  const probes: string[] = []
  let restored = 0
  const publisher: Publisher = {
    state: { connected: true, blocked: undefined, reason: undefined },
    async publish(messages: readonly Message[]) {
      const isProbe = ({ type }: Message) => type.startsWith('relay.')
      calls.push(messages.map((message) => (isProbe(message) ? 'probe' : message.id)))
      probes.push(...messages.filter(isProbe).map(({ body }) => body))
      return script.shift() ?? messages.map(() => 'confirmed')
    },
    async restore() {
      restored++
    },
  }
  return { publisher, calls, probes, restored: () => restored }
}

function setUp(script: (readonly Fate[])[]) {
  const scripted = scriptedPublisher(script)
  const status = initialStatus()
  const moved: number[] = []
  const store = {
    renew: async () => true,
    moveCursor: async ({ seq }: { seq: number }) => moved.push(seq) > 0,
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
  const cursor = new CursorMover(lease, silentLogger)
  const delivery = new Delivery({
    publisher,
    lease,
    cursor,
    heartbeats: new Heartbeats({
      publisher,
      term: 1,
      partitions: 8,
      intervalMs: 1_000,
      status,
      log: silentLogger,
    }),
    status,
    metrics: relayMetrics(registry, { status, broker: () => publisher.state }),
    backoffMaxMs: 2,
    log: silentLogger,
    halt: halt.signal,
    abort: lease.lost,
  })
  const metric = async (name: string) => {
    const text = await registry.getSingleMetricAsString(`relay_${name}_total`)
    return Number(text.split(' ').at(-1))
  }
  return { ...scripted, delivery, status, moved, metric, halt, settled: () => cursor.settled() }
}

const window = (...ids: string[]) =>
  ids.map((id, index): EventMessage => ({
    id,
    seq: index + 1,
    partition: 3,
    aggregate: 'users',
    aggregateId: 'a',
    version: index + 1,
    type: 'users.user.created.v1',
    routingKey: 'users.p03of08.user.created',
    contentType: 'application/cloudevents+json',
    body: '{}',
  }))

test('a window that is confirmed moves the cursor to its end', async () => {
  const { delivery, calls, moved, status, settled } = setUp([])
  expect(await delivery.deliver(window('a', 'b'))).toBe(true)
  await settled()
  expect(calls).toEqual([['a', 'b']])
  expect(moved).toEqual([2])
  expect(status.waitingSinceMs).toBeUndefined()
})

test.each<[Fate]>([['returned'], ['nacked'], ['unknown'], ['unencodable']])(
  'the cursor stops before what was %s; after a probe all from there is sent again with the same ids',
  async (fate) => {
    const { delivery, calls, moved, metric, restored, settled } = setUp([
      ['confirmed', fate, 'confirmed'],
      ['confirmed'],
    ])
    expect(await delivery.deliver(window('a', 'b', 'c'))).toBe(true)
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
  const { delivery, calls } = setUp([['nacked', 'nacked'], ['nacked'], ['unknown'], ['confirmed']])
  expect(await delivery.deliver(window('a', 'b'))).toBe(true)
  expect(calls).toEqual([['a', 'b'], ['probe'], ['probe'], ['probe'], ['a', 'b']])
})

test('a returned probe is followed by the first event alone, and only its confirm brings the window', async () => {
  const { delivery, calls, moved, settled } = setUp([
    ['returned', 'returned', 'returned'],
    ['returned'],
    ['returned'],
    ['returned'],
    ['confirmed'],
  ])
  expect(await delivery.deliver(window('a', 'b', 'c'))).toBe(true)
  await settled()
  expect(calls).toEqual([['a', 'b', 'c'], ['probe'], ['a'], ['probe'], ['a'], ['b', 'c']])
  expect(moved).toEqual([1, 3])
})

test('attempts grow until there is confirmed progress, and the outage is over only then', async () => {
  const { delivery, status, halt, moved } = setUp([
    ['returned'],
    ['confirmed'],
    ['returned'],
    ['confirmed'],
    ['returned'],
  ])
  // Stops at the third failure, whatever the probes say.
  const seen: number[] = []
  Object.defineProperty(status, 'outage', {
    set(outage: { attempts: number } | undefined) {
      if (outage) seen.push(outage.attempts)
      if (outage?.attempts === 3) halt.abort()
    },
    get: () => undefined,
  })
  expect(await delivery.deliver(window('a'))).toBe(false)
  expect(seen).toEqual([1, 2, 3])
  expect(moved).toEqual([])
})

test('told to stop, it ends the window under way and does not sit out an outage', async () => {
  const { delivery, calls, moved, halt, settled } = setUp([['confirmed', 'nacked']])
  halt.abort()
  expect(await delivery.deliver(window('a', 'b'))).toBe(false)
  await settled()
  expect(calls).toEqual([['a', 'b']])
  expect(moved).toEqual([1])
})

test('heartbeats after a partly confirmed window name its confirmed prefix, and count what is sent twice once', async () => {
  const { delivery, probes } = setUp([
    ['confirmed', 'nacked', 'confirmed'],
    ['confirmed'],
    ['confirmed', 'confirmed'],
    ['nacked'],
  ])
  await delivery.deliver(window('a', 'b', 'c'))
  await delivery.deliver([{ ...window('d')[0]!, seq: 4, version: 4 }])
  expect(probes.map((body) => JSON.parse(body).last.users)).toEqual([
    { seq: 1, count: 1, id: 'a', version: 1 },
    { seq: 3, count: 3, id: 'a', version: 3 },
  ])
})
