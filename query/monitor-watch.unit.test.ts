import { EventEmitter } from 'node:events'
import { expect, test } from 'bun:test'
import { waitFor } from '../ops/wait.ts'
import { watchMonitors } from './monitor-watch.ts'

function setUp() {
  const client = new EventEmitter()
  let stuck = 0
  const watch = watchMonitors(client as never, { limitMs: 20, onStuck: () => stuck++ })
  const emit = (name: string, connectionId: string, awaited = false) =>
    client.emit(`serverHeartbeat${name}`, { connectionId, awaited })
  /** As long as a check takes that is stuck. */
  const sentinel = () => {
    emit('Started', 'sentinel')
    const wanted = stuck + 1
    return waitFor(async () => stuck >= wanted, { timeoutMs: 2_000, what: 'the sentinel', intervalMs: 2 })
  }
  return { client, watch, emit, sentinel, stuck: () => stuck }
}

test('only a check that neither succeeds nor fails is told of', async () => {
  const { emit, sentinel, stuck } = setUp()
  emit('Started', 'a')
  emit('Succeeded', 'a')
  emit('Started', 'b')
  emit('Failed', 'b')
  emit('Started', 'c', true)
  await sentinel()
  expect(stuck()).toBe(1)
  emit('Started', 'd')
  emit('Started', 'e')
  emit('Succeeded', 'e')
  await sentinel()
  expect(stuck()).toBe(3)
})

test('nothing is told after the stop', async () => {
  const { client, watch, emit, stuck } = setUp()
  emit('Started', 'a')
  watch.stop()
  expect(client.eventNames()).toEqual([])
  const other = setUp()
  await other.sentinel()
  expect(stuck()).toBe(0)
})
