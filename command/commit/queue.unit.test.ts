import { describe, expect, test } from 'bun:test'
import { CommandFailure, type Command } from './command.ts'
import { CommandQueue } from './queue.ts'

const command = (id: string, signal?: AbortSignal): Command => ({
  aggregate: 'users',
  name: 'remove',
  id,
  input: undefined,
  headers: {},
  ...(signal ? { signal } : undefined),
})
function setUp(max = 3) {
  let nowMs = 0
  const queue = new CommandQueue({ max, timeoutMs: 100, clock: () => nowMs })
  const codes: Record<string, string> = {}
  const add = (id: string, signal?: AbortSignal) =>
    void queue.add(command(id, signal)).catch((error: unknown) => {
      codes[id] = error instanceof CommandFailure ? error.code : String(error)
    })
  const ids = (limit: number) => queue.take(limit).map((pending) => pending.command.id)
  return { queue, add, ids, codes, advance: (ms: number) => (nowMs += ms) }
}

describe('the queue', () => {
  test('refuses at once when it is full', () => {
    const { queue, add } = setUp(2)
    add('a')
    add('b')
    expect(queue.isFull).toBe(true)
    expect(() => queue.add(command('c'))).toThrow(expect.objectContaining({ code: 'queue-full' }))
  })
  test('gives commands in arrival order, in bounded batches', () => {
    const { add, ids } = setUp()
    for (const id of ['a', 'b', 'c']) add(id)
    expect(ids(2)).toEqual(['a', 'b'])
    expect(ids(2)).toEqual(['c'])
  })
  test('drops a command whose client left, and one whose time is up', async () => {
    const { add, ids, codes, advance } = setUp()
    const left = new AbortController()
    add('left', left.signal)
    add('late')
    left.abort()
    advance(101)
    add('c')
    expect(ids(9)).toEqual(['c'])
    await Promise.resolve()
    expect(codes).toEqual({ left: 'timeout', late: 'timeout' })
  })
  test('keeps blocked commands aside until they are due, and tells them what they waited for', async () => {
    const { queue, add, ids, codes, advance } = setUp()
    add('a')
    add('b')
    queue.block(queue.take(2), 10)
    add('c')
    expect(ids(9)).toEqual(['c'])
    advance(10)
    expect(ids(9)).toEqual(['a', 'b'])
    add('d')
    add('e')
    queue.block(queue.take(1), 10)
    queue.block(queue.take(1), 10, 'key-in-use')
    advance(101)
    expect(ids(9)).toEqual([])
    await Promise.resolve()
    expect(codes).toEqual({ d: 'locked', e: 'key-in-use' })
  })
  test('lets blocked commands take half a batch at most', () => {
    const { queue, add, ids, advance } = setUp(9)
    for (const id of ['a', 'b', 'c', 'd']) add(id)
    queue.block(queue.take(4), 10)
    for (const id of ['e', 'f', 'g']) add(id)
    advance(10)
    expect(ids(4)).toEqual(['a', 'b', 'e', 'f'])
  })
})
