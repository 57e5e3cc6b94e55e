import { expect, test } from 'bun:test'
import { silentLogger } from '../../shared/process/log.ts'
import { createDatabaseWatch } from './database-watch.ts'

function setUp(awayMaxMs: number) {
  let isUp = false
  let told = 0
  const watch = createDatabaseWatch({
    ping: () => (isUp ? Promise.resolve() : Promise.reject(new Error('refused'))),
    sever() {},
    awayMaxMs,
    onAway: () => told++,
    log: silentLogger,
  })
  return { watch, told: () => told, come: () => (isUp = true) }
}
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise(setImmediate)
}

test('a database that answers again in time is not away, however long ago it failed', async () => {
  const { watch, told, come } = setUp(60)
  come()
  expect(await watch.waitForReturn(new Error('cut'))).toBe(true)
  const startedAtMs = performance.now()
  await until(() => performance.now() - startedAtMs > 70)
  expect([watch.isAway, told()]).toEqual([false, 0])
})

test('past the limit callers are told, and its return is noticed without them', async () => {
  const { watch, told, come } = setUp(30)
  expect(await watch.waitForReturn(new Error('cut'))).toBe(false)
  expect([watch.isAway, told()]).toEqual([true, 1])
  come()
  await until(() => !watch.isAway)
  await watch.stop()
})

test('an answer that is there already counts, however far the event loop is behind', async () => {
  let severed = 0
  const watch = createDatabaseWatch({
    ping: async () => {
      await new Promise(setImmediate)
      const untilMs = performance.now() + 1_050
      while (performance.now() < untilMs);
      for (let trip = 0; trip < 4; trip++) await new Promise(setImmediate)
    },
    sever: () => severed++,
    awayMaxMs: 5_000,
    onAway() {},
    log: silentLogger,
  })
  expect(await watch.waitForReturn(new Error('cut'))).toBe(true)
  expect(severed).toBe(0)
})
