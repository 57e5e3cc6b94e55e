import { expect, test } from 'bun:test'
import { Doorbell } from './doorbell.ts'

const never = new AbortController().signal
const longMs = 60_000

test('a ring ends the nap', async () => {
  const doorbell = new Doorbell()
  const nap = doorbell.nap(longMs, never)
  doorbell.ring()
  await nap
})

test('a ring between the look and the nap is not lost', async () => {
  const doorbell = new Doorbell()
  doorbell.hush()
  doorbell.ring()
  await doorbell.nap(longMs, never)
})

test('a ring before the look is answered by it', async () => {
  const doorbell = new Doorbell()
  doorbell.ring()
  doorbell.hush()
  let woken = false
  const nap = doorbell.nap(20, never).then(() => (woken = true))
  await Promise.resolve()
  expect(woken).toBe(false)
  await nap
})

test('an abort ends the nap, before or during it', async () => {
  const stop = new AbortController()
  const nap = new Doorbell().nap(longMs, stop.signal)
  stop.abort()
  await nap
  await new Doorbell().nap(longMs, stop.signal)
})
