import { describe, expect, test } from 'bun:test'
import type { Inspector } from './consumer.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { groupMax } from './careful.ts'
import { createInbox } from './inbox.ts'
import { createTurns } from './parking/turns.ts'
import { partitionState, type PartitionState } from './partition-state.ts'
import type { Message } from './prepare.ts'
import type { Change } from './gate.ts'
import { DocumentFault, type StoreWriter } from './store-writer.ts'
import { encodeThing, things, type ThingEvent } from './testing/things.ts'
import { applyAll } from './worker.ts'

const stored = (id: string, version: number): ThingEvent => ({ id, version, label: `${id}${version}` })
const undecodable: ThingEvent = { id: 'x', version: 1, label: 1 }

interface SetUp {
  readonly batchMax?: number
  readonly write?: StoreWriter['write']
  readonly inspect?: Inspector
  /** How many messages can be parked. */
  readonly room?: number
  /** Attempts that nobody came back from, by message id. */
  readonly fatal?: Readonly<Record<string, number>>
}

/** A worker on an inbox of its own. `log` has what it did, in order: `write a1 b2`, `ack 3`, `parked <code>`. */
function setUp(options: SetUp = {}) {
  const inbox = createInbox()
  const log: string[] = []
  const over = new AbortController()
  const leaving = new AbortController()
  const state: PartitionState = partitionState({ group: 'things-g1', partition: 0, queue: 'q' })
  const stopped = Promise.withResolvers<void>()
  let parked = 0
  let tag = 0
  const worker = applyAll(inbox, {
    model: things,
    state,
    holdMaxMs: 60_000,
    prefetch: 100,
    batchMax: options.batchMax ?? 100,
    over: over.signal,
    leave: AbortSignal.any([over.signal, leaving.signal]),
    async write(collection, changes) {
      log.push(`write ${changes.map(({ id, version }) => `${id}${version}`).join(' ')}`.trim())
      return options.write?.(collection, changes) ?? { applied: changes.length, skipped: 0 }
    },
    inspect: (items) => options.inspect?.(items),
    acknowledge: ({ deliveryTag }) => log.push(`ack ${deliveryTag}`),
    onApplied() {},
    onWriteFailed: () => log.push('write failed'),
    parking: {
      async park(entries) {
        const taken = entries.slice(0, Math.max(0, (options.room ?? 100) - parked))
        parked += taken.length
        return taken.map(() => 'parked')
      },
    },
    attempts: {
      fatal: async (keys) => keys.map((key) => options.fatal?.[nameOf(key)] ?? 0),
      begin: async (keys) => void log.push(`begin ${keys.map(nameOf).join(' ')}`),
      forget: (keys) => log.push(`forget ${keys.map(nameOf).join(' ')}`),
      withdraw: async (keys) => void log.push(`withdraw ${keys.map(nameOf).join(' ')}`),
      async sweep() {},
    },
    attemptsMax: 3,
    turns: createTurns(),
    onParked: ({ code }) => log.push(`parked ${code}`),
    onStopped({ code }) {
      log.push(`stopped ${code}`)
      stopped.resolve()
    },
  })
  function deliver(...events: (ThingEvent & { count?: number })[]) {
    for (const event of events) {
      const { type, body, messageId } = encodeThing(event)
      const headers = event.count === undefined ? {} : { headers: { 'x-delivery-count': event.count } }
      const message: Message = {
        deliveryTag: ++tag,
        body: new TextEncoder().encode(body),
        properties: { type, messageId, ...headers },
      }
      inbox.push(message)
    }
  }
  return {
    log,
    state,
    stopped: stopped.promise,
    over,
    deliver,
    /** Events that came back from consumers so many times. */
    redeliver: (count: number, ...events: ThingEvent[]) =>
      deliver(...events.map((event) => ({ ...event, count }))),
    /** Resolves when all that was delivered is settled. */
    idle: () => waitFor(() => inbox.size === 0, { timeoutMs: 5_000, intervalMs: 1, what: 'the worker' }),
    /** Lets the write in hand end. */
    async leave() {
      leaving.abort()
      inbox.close()
      await worker
      return log
    },
  }
}

describe('the worker', () => {
  test('what came while a batch was written is the next one, and both are acknowledged together', async () => {
    const gate = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    let writes = 0
    const { deliver, leave } = setUp({
      async write(_, changes) {
        if (++writes === 1) await gate.promise
        else second.resolve()
        return { applied: changes.length, skipped: 0 }
      },
    })
    deliver(stored('a', 1))
    await Promise.resolve()
    deliver(stored('c', 1), stored('b', 1), stored('b', 2))
    gate.resolve()
    await second.promise
    expect(await leave()).toEqual(['write a1', 'write b2 c1', 'ack 4'])
  })

  test('acknowledges by itself, with nothing that comes after', async () => {
    const { deliver, log } = setUp()
    deliver(stored('a', 1))
    await waitFor(() => log.includes('ack 1'), { timeoutMs: 5_000, what: 'the acknowledgement' })
    deliver(stored('b', 1))
    await waitFor(() => log.includes('ack 2'), { timeoutMs: 5_000, what: 'the next one' })
    expect(log).toEqual(['write a1', 'ack 1', 'write b1', 'ack 2'])
  })

  test('holds the bound of a batch', async () => {
    const done = Promise.withResolvers<void>()
    const { deliver, leave } = setUp({
      batchMax: 2,
      async write(_, changes) {
        if (changes.some(({ id }) => id === 'e')) done.resolve()
        return { applied: changes.length, skipped: 0 }
      },
    })
    deliver(...['a', 'b', 'c', 'd', 'e'].map((id) => stored(id, 1)))
    await done.promise
    expect(await leave()).toEqual(['write a1 b1', 'ack 2', 'write c1 d1', 'ack 4', 'write e1', 'ack 5'])
  })

  test('an undecodable message is parked, and nobody waits behind it', async () => {
    const done = Promise.withResolvers<void>()
    const { deliver, leave } = setUp({ inspect: () => async () => done.resolve() })
    deliver(stored('a', 1), undecodable, stored('b', 1))
    await done.promise
    expect(await leave()).toEqual(['write a1 b1', 'parked invalid-data', 'ack 3'])
  })

  test('without room to park it stops at the message, and acknowledges what came before', async () => {
    const { deliver, leave, stopped, state } = setUp({ room: 1 })
    deliver(stored('a', 1), undecodable, stored('b', 1), undecodable, stored('c', 1))
    await stopped
    expect(state.poison).toMatchObject({ code: 'invalid-data', eventId: 'x/1' })
    expect(await leave()).toEqual(['write a1 b1 c1', 'parked invalid-data', 'ack 3', 'stopped invalid-data'])
  })

  test('a document that the store refuses is parked, and an older event of the same document is not lost', async () => {
    const done = Promise.withResolvers<void>()
    const { deliver, leave } = setUp({
      write: refuse(({ id, version }) => id === 'b' && version === 2),
      inspect: () => async () => done.resolve(),
    })
    deliver(stored('b', 1), stored('a', 1), stored('b', 2), stored('c', 1))
    await done.promise
    expect(await leave()).toEqual(['write a1 b2 c1', 'write a1 b1 c1', 'parked 10334', 'ack 4'])
  })

  test('what came back once has another chance in a batch, what came back twice is applied apart', async () => {
    const { deliver, redeliver, idle, log, state } = setUp()
    redeliver(1, stored('a', 1))
    deliver(stored('b', 1))
    redeliver(2, stored('c', 1))
    await idle()
    expect(log).toEqual(['write a1 b1', 'ack 2', 'begin c', 'write c1', 'ack 3', 'forget c'])
    expect(state.careful).toBe(true)
    deliver(stored('d', 1))
    await idle()
    expect(state.careful).toBe(false)
  })

  test('a write that fails is tried again and acknowledges nothing; told to leave, it stops trying', async () => {
    const failed = Promise.withResolvers<void>()
    const { deliver, leave } = setUp({
      async write() {
        failed.resolve()
        throw new Error('away')
      },
    })
    deliver(stored('a', 1))
    await failed.promise
    expect((await leave()).filter((entry) => entry.startsWith('ack'))).toEqual([])
  })

  test('what a batch tells is noted before it is acknowledged, and tried until it is', async () => {
    const done = Promise.withResolvers<void>()
    let attempts = 0
    const { deliver, leave, log } = setUp({
      inspect: (items) => async () => {
        log.push(`note ${items.length}`)
        if (++attempts === 1) throw new Error('away')
        done.resolve()
      },
    })
    deliver(stored('a', 1))
    await done.promise
    expect(await leave()).toEqual(['write a1', 'note 1', 'write failed', 'note 1', 'ack 1'])
  })

  test('a write that ends after the channel is gone is not acknowledged, and leaves the state alone', async () => {
    const gate = Promise.withResolvers<void>()
    const writing = Promise.withResolvers<void>()
    const { deliver, leave, over, state } = setUp({
      async write() {
        writing.resolve()
        await gate.promise
        return { applied: 1, skipped: 0 }
      },
    })
    deliver(stored('a', 1))
    await writing.promise
    over.abort()
    state.workSinceMs = 42
    gate.resolve()
    expect(await leave()).toEqual(['write a1'])
    expect(state.workSinceMs).toBe(42)
  })
})

describe('suspects', () => {
  test('are applied in groups, each between its attempt and the end of it', async () => {
    const { redeliver, idle, log } = setUp()
    const ids = Array.from({ length: groupMax + 2 }, (_, index) => String.fromCharCode(97 + index))
    redeliver(2, ...ids.map((id) => stored(id, 1)))
    await idle()
    const last = ids.slice(groupMax)
    expect(log.filter((entry) => !entry.startsWith('write'))).toEqual([
      `begin ${ids.slice(0, groupMax).join(' ')}`,
      `ack ${groupMax}`,
      `forget ${ids.slice(0, groupMax).join(' ')}`,
      `begin ${last.join(' ')}`,
      `ack ${ids.length}`,
      `forget ${last.join(' ')}`,
    ])
  })

  test('that were in a group that ended a process are attempted alone', async () => {
    const { redeliver, idle, log } = setUp({ fatal: { b: 1 } })
    redeliver(3, stored('a', 1), stored('b', 1), stored('c', 1), stored('d', 1))
    await idle()
    const alone = (id: string, tag: number) => [`begin ${id}`, `write ${id}1`, `ack ${tag}`, `forget ${id}`]
    const rest = ['begin c d', 'write c1 d1', 'ack 4', 'forget c d']
    expect(log).toEqual([...alone('a', 1), ...alone('b', 2), ...rest])
  })

  test('that nobody came back from are parked, and not applied', async () => {
    const { redeliver, idle, log } = setUp({ fatal: { a: 3, b: 2 } })
    redeliver(7, stored('a', 1), stored('b', 1))
    await idle()
    const parked = ['parked kills-the-process', 'ack 1', 'forget a']
    expect(log).toEqual([...parked, 'begin b', 'write b1', 'ack 2', 'forget b'])
  })

  test('that end the process and find no room to be parked are neither applied nor forgotten', async () => {
    const { redeliver, leave, stopped } = setUp({ fatal: { a: 3 }, room: 0 })
    redeliver(7, stored('a', 1), stored('b', 1))
    await stopped
    expect(await leave()).toEqual(['stopped kills-the-process', 'withdraw a'])
  })

  test('are given back with their attempt, where the worker is told to leave while the store is away', async () => {
    const failed = Promise.withResolvers<void>()
    const { redeliver, leave } = setUp({
      async write() {
        failed.resolve()
        throw new Error('away')
      },
    })
    redeliver(2, stored('a', 1))
    await failed.promise
    expect((await leave()).filter((entry) => entry !== 'write failed')).toEqual([
      'begin a',
      'write a1',
      'withdraw a',
    ])
  })
})

const nameOf = (key: string) => key.replace(/^things-g1.(.*).1$/, '$1')

function refuse(isRefused: (change: Change) => boolean): StoreWriter['write'] {
  return async (_, changes) => {
    const index = changes.findIndex(isRefused)
    if (index >= 0) throw new DocumentFault(index, '10334')
    return { applied: changes.length, skipped: 0 }
  }
}
