import { describe, expect, test } from 'bun:test'
import type { Inspector } from './consumer.ts'
import { createInbox } from './inbox.ts'
import { partitionState, type PartitionState } from './partition-state.ts'
import type { Message } from './prepare.ts'
import type { Change } from './gate.ts'
import { DocumentFault, type StoreWriter } from './store-writer.ts'
import { encodeThing, things, type ThingEvent } from './testing/things.ts'
import { applyAll } from './worker.ts'

const stored = (id: string, version: number): ThingEvent => ({ id, version, label: `${id}${version}` })
const undecodable: ThingEvent = { id: 'x', version: 1, label: 1 }

/** A worker on an inbox of its own. `log` has what it did, in order: `write a1 b2`, `ack 3`, `stopped <code>`. */
function setUp(options: { batchMax?: number; write?: StoreWriter['write']; inspect?: Inspector } = {}) {
  const inbox = createInbox()
  const log: string[] = []
  const over = new AbortController()
  const leaving = new AbortController()
  const state: PartitionState = partitionState({ group: 'things-g1', partition: 0, queue: 'q' })
  const stopped = Promise.withResolvers<void>()
  let tag = 0
  const worker = applyAll(inbox, {
    model: things,
    state,
    priority: 1,
    prefetch: 100,
    batchMax: options.batchMax ?? 100,
    over: over.signal,
    leave: AbortSignal.any([over.signal, leaving.signal]),
    async write(collection, changes) {
      log.push(`write ${changes.map(({ id, version }) => `${id}${version}`).join(' ')}`.trim())
      return options.write?.(collection, changes) ?? { applied: changes.length, skipped: 0 }
    },
    inspect: (applied) => options.inspect?.(applied),
    acknowledge: ({ deliveryTag }) => log.push(`ack ${deliveryTag}`),
    onApplied() {},
    onWriteFailed: () => log.push('write failed'),
    onPoisoned({ code }) {
      log.push(`stopped ${code}`)
      stopped.resolve()
    },
  })
  return {
    log,
    state,
    stopped: stopped.promise,
    over,
    deliver(...events: ThingEvent[]) {
      for (const event of events) {
        const { type, body, messageId } = encodeThing(event)
        const message: Message = {
          deliveryTag: ++tag,
          body: new TextEncoder().encode(body),
          properties: { type, messageId },
        }
        inbox.push(message)
      }
    },
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
  test('acknowledges after the write, and what came meanwhile is the next batch', async () => {
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
    expect(await leave()).toEqual(['write a1', 'ack 1', 'write b2 c1', 'ack 4'])
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

  test('an undecodable message stops it: what came before is written, nothing behind it is touched', async () => {
    const { deliver, leave, stopped, state } = setUp()
    deliver(stored('a', 1), undecodable, stored('b', 1))
    await stopped
    expect(state.poison).toMatchObject({ code: 'invalid-data', eventId: 'x/1' })
    expect(await leave()).toEqual(['write a1', 'ack 1', 'stopped invalid-data'])
  })

  test('a document that the store refuses stops it, and an older event of the same document is not lost', async () => {
    const { deliver, leave, stopped } = setUp({
      write: refuse(({ id, version }) => id === 'b' && version === 2),
    })
    deliver(stored('b', 1), stored('a', 1), stored('b', 2), stored('c', 1))
    await stopped
    expect(await leave()).toEqual(['write a1 b2 c1', 'write a1 b1', 'ack 2', 'stopped 10334'])
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
      inspect:
        ({ prepared }) =>
        async () => {
          log.push(`note ${prepared.length}`)
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

function refuse(isRefused: (change: Change) => boolean): StoreWriter['write'] {
  return async (_, changes) => {
    const index = changes.findIndex(isRefused)
    if (index >= 0) throw new DocumentFault(index, '10334')
    return { applied: changes.length, skipped: 0 }
  }
}
