import { expect, test } from 'bun:test'
import { createTurns } from './turns.ts'

const settled = async () => {
  for (let hops = 0; hops < 10; hops++) await Promise.resolve()
}

function setUp() {
  const turns = createTurns()
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const leaving = new AbortController()
  const work = (name: string) => async () => {
    log.push(name)
    const end = Promise.withResolvers<void>()
    ends.set(name, end.resolve)
    await end.promise
    return name
  }
  return {
    log,
    leaving,
    alone: (name: string) => turns.alone(leaving.signal, work(name)),
    together: (name: string) => turns.together(leaving.signal, work(name)),
    async end(name: string) {
      await settled()
      ends.get(name)!()
      await settled()
    },
  }
}

test('one that wants to be alone waits for those before it, and those after it wait for it', async () => {
  const { alone, together, end, log } = setUp()
  const all = [together('a'), together('b'), alone('C'), together('d'), together('e'), alone('F')]
  await end('a')
  expect(log).toEqual(['a', 'b'])
  await end('b')
  expect(log).toEqual(['a', 'b', 'C'])
  await end('C')
  expect(log).toEqual(['a', 'b', 'C', 'd', 'e'])
  await end('e')
  await end('d')
  await end('F')
  expect(await Promise.all(all)).toEqual(['a', 'b', 'C', 'd', 'e', 'F'])
})

test('one that gives up waiting is passed over, and work that fails lets the next one in', async () => {
  const { alone, together, end, log, leaving } = setUp()
  const turns = createTurns()
  await turns.alone(leaving.signal, () => Promise.reject(new Error('failed'))).catch(() => {})
  expect(await turns.together(leaving.signal, async () => 'next')).toBe('next')

  const first = together('a')
  const waiting = alone('B')
  await settled()
  leaving.abort()
  expect(await waiting).toBeUndefined()
  await end('a')
  expect(await first).toBe('a')
  expect(await alone('C')).toBeUndefined()
  expect(log).toEqual(['a'])
})
