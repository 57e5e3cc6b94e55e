import { expect, test } from 'bun:test'
import type { Fate, Message } from '../publisher.ts'
import type { ReplayMessage } from './messages.ts'
import type { QueueLook } from './queue-look.ts'
import { Sender, type ReplayTerm } from './sender.ts'

const message = (id: string): ReplayMessage => ({
  exchange: '',
  routingKey: 'things-g1.p00of01',
  partition: 0,
  id,
  type: 'things.thing.stored.v1',
  contentType: 'application/json',
  body: '{}',
})

/** Answers looks and windows with the next of each list; notes what was sent. */
function term(looks: QueueLook[], windows: (readonly Fate[])[], blocked?: string) {
  const sent: string[][] = []
  let looked = 0
  const publisher = {
    state: { connected: true, blocked, reason: undefined },
    async onChannel() {
      looked++
      return looks.shift()
    },
    async publish(messages: readonly Message[]) {
      sent.push(messages.map(({ id }) => id))
      return windows.shift() ?? messages.map(() => 'confirmed')
    },
  }
  return { term: { publisher } as unknown as ReplayTerm, sent, looked: () => looked }
}
const present = (depth: number): QueueLook => ({ kind: 'present', queue: 'q', depth })
const sender = (depthMax = 10) => new Sender(['q'], depthMax)

test.each<[Fate, string, boolean]>([
  ['returned', 'a queue is missing', true],
  ['nacked', 'a queue is full or has no quorum', false],
  ['unknown', 'no confirm: the connection was lost or the broker did not answer', false],
])(
  'what is %s stays, is waited for, and goes again without what was confirmed',
  async (fate, reason, isMissing) => {
    const { term: at, sent } = term([], [['confirmed', fate, 'confirmed']])
    const sending = sender()
    sending.put(['a', 'b', 'c'].map(message))
    const flushed = await sending.flush(at)
    expect(flushed).toMatchObject({ confirmed: 2, skipped: [], failure: { kind: 'wait', reason } })
    expect(flushed.failure!.isMissing ?? false).toBe(isMissing)
    expect(sending.isEmpty).toBe(false)
    expect(await sending.flush(at)).toEqual({ confirmed: 1, skipped: [], failure: undefined })
    expect(sent).toEqual([['a', 'b', 'c'], ['b']])
    expect(sending.isEmpty).toBe(true)
  },
)

test('what can never be encoded is left out and named', async () => {
  const sending = sender()
  sending.put(['a', 'b'].map(message))
  const { term: at } = term([], [['confirmed', 'unencodable']])
  expect(await sending.flush(at)).toEqual({ confirmed: 1, skipped: ['b'], failure: undefined })
  expect(sending.isEmpty).toBe(true)
})

test('queues are looked at first, when they may be full, and after a failure; not before each window', async () => {
  const { term: at, looked } = term(
    [present(7), present(11), present(10), { kind: 'missing', queue: 'q' }],
    [['confirmed', 'confirmed'], ['confirmed', 'confirmed'], ['nacked']],
  )
  const sending = sender()
  const send = async (...ids: string[]) => {
    sending.put(ids.map(message))
    await sending.flush(at)
  }
  // Four more fit beside seven: two windows of two.
  expect(await sending.hindrance(at)).toBeUndefined()
  await send('a', 'b')
  expect(await sending.hindrance(at)).toBeUndefined()
  expect(looked()).toBe(1)
  await send('c', 'd')
  expect(await sending.hindrance(at)).toMatchObject({ reason: 'the queue q holds 11 messages already' })
  expect(await sending.hindrance(at)).toBeUndefined()
  expect(looked()).toBe(3)
  await send('e')
  expect(await sending.hindrance(at)).toMatchObject({ reason: 'the queue q is missing', isMissing: true })
})

test('a broker that blocks publishers, or is not there, is waited for without a look', async () => {
  const blocked = term([], [], 'low on memory')
  expect(await sender().hindrance(blocked.term)).toMatchObject({
    reason: 'the broker blocks publishers: low on memory',
  })
  const away = { publisher: { state: { connected: false, reason: 'the broker is not reachable' } } }
  expect(await sender().hindrance(away as unknown as ReplayTerm)).toMatchObject({
    reason: 'the broker is not reachable',
  })
  expect(blocked.looked()).toBe(0)
})
