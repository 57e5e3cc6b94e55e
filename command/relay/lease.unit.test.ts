import { expect, test } from 'bun:test'
import { silentLogger } from '../../shared/process/log.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { CursorMover } from './cursor.ts'
import { Lease } from './lease.ts'
import type { LogStore } from './log-store.ts'
import { whenAborted } from '../../shared/process/abort.ts'

const fakeStore = (methods: Partial<LogStore>) => methods as LogStore

const lease = (store: LogStore, { ttlMs = 60, ageMs = 0 } = {}) =>
  new Lease({ store, token: 7, ttlMs, acquiredAtMs: performance.now() - ageMs, log: silentLogger })

test('it is renewed well before it expires, and outlives its time to live', async () => {
  const renewals: number[] = []
  const held = lease(
    fakeStore({ renew: async ({ token }) => renewals.push(token) > 0, release: async () => {} }),
    { ttlMs: 600 },
  )
  await waitFor(() => renewals.length >= 4, { timeoutMs: 5_000, what: 'more than one time to live' })
  expect(held.isHeld).toBe(true)
  await held.release()
  expect(held.isHeld).toBe(false)
})

test('it is lost at once when the database says that somebody else has it', async () => {
  const lost = lease(fakeStore({ renew: async () => false }), { ttlMs: 60 })
  await whenAborted(lost.lost)
  expect(lost.lost.reason).toBe('another relay has it')
})

test('it is lost when it could not be renewed in time, although nobody may have it', async () => {
  const failing = lease(fakeStore({ renew: () => Promise.reject(new Error('away')) }))
  const silent = lease(fakeStore({ renew: () => new Promise(() => {}) }))
  await Promise.all([whenAborted(failing.lost), whenAborted(silent.lost)])
  expect(failing.lost.reason).toBe('it could not be renewed in time')
})

test('a process that slept through the expiry notices when it asks, before any timer runs', () => {
  const slept = lease(fakeStore({ renew: () => new Promise(() => {}) }), { ttlMs: 60_000, ageMs: 60_001 })
  expect(slept.isHeld).toBe(false)
})

test('a cursor move renews it, and a refused one ends it', async () => {
  let isValid = true
  const store = fakeStore({ renew: () => new Promise(() => {}), moveCursor: async () => isValid })
  const held = lease(store, { ttlMs: 60_000, ageMs: 59_900 })
  expect(await held.moveCursor(1)).toBe(true)
  const movedAtMs = performance.now()
  await waitFor(() => performance.now() > movedAtMs + 100, { timeoutMs: 1_000, what: 'the first expiry' })
  expect(held.isHeld).toBe(true)
  isValid = false
  expect(await held.moveCursor(2)).toBe(false)
  expect(held.isHeld).toBe(false)
})

test('cursor moves are one at a time and in order; a failed one is repeated; with the lease they end', async () => {
  const asked: { seq: number; answer: PromiseWithResolvers<boolean> }[] = []
  const store = fakeStore({
    renew: async () => true,
    moveCursor({ seq }) {
      const answer = Promise.withResolvers<boolean>()
      asked.push({ seq, answer })
      return answer.promise
    },
  })
  const held = lease(store, { ttlMs: 60_000 })
  const mover = new CursorMover(held, silentLogger)
  await mover.confirmedUpTo(10)
  const second = mover.confirmedUpTo(20)
  asked[0]!.answer.reject(new Error('away'))
  await waitFor(() => asked.length === 2, { timeoutMs: 2_000, what: 'the repetition' })
  asked[1]!.answer.resolve(true)
  await second
  expect(asked.map(({ seq }) => seq)).toEqual([10, 10, 20])
  asked[2]!.answer.resolve(false)
  await mover.settled()
  expect(held.lost.aborted).toBe(true)
  await mover.confirmedUpTo(30)
  await mover.settled()
  expect(asked.length).toBe(3)
})
