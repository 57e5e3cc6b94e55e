import { expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { createHealth, type Check } from './health.ts'
import { watchHealth } from './health-watch.ts'
import { silentLogger } from './log.ts'
import { createMetrics } from './registry.ts'

const states = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.metrics())
    .split('\n')
    .filter((line) => line.startsWith('health_check_state{'))
    .map(
      (line) =>
        `${/question="(\w+)"/.exec(line)![1]} ${/check="(\w+)"/.exec(line)![1]} ${line.split(' ').at(-1)}`,
    )

const watch = (check: () => Promise<Check> | Check) => {
  const metrics = createMetrics('test')
  const health = createHealth({ ready: [check], pipeline: [() => ({ name: 'other', state: 'ok' })] })
  return { metrics, watched: watchHealth({ health, metrics, log: silentLogger, intervalMs: 5 }) }
}

test('a check is told by what it says now, and is gone when it is not asked any more', async () => {
  let check: Check = { name: 'store', state: 'ok' }
  const { metrics, watched } = watch(() => check)
  await watched.start()
  for (const [name, state, value] of [
    ['store', 'ok', 0],
    ['store', 'degraded', 1],
    ['store', 'failed', 2],
    ['another', 'ok', 0],
  ] as const) {
    check = { name, state }
    const expected = [`ready ${name} ${value}`, 'pipeline other 0']
    const isTold = async () => (await states(metrics)).join() === expected.join()
    await waitFor(isTold, { timeoutMs: 2_000, what: `${name} ${state}` })
  }
  await watched.stop()
})

test('a check that hangs holds up neither the metrics nor a stop, and one that throws ends nothing', async () => {
  let answers = 0
  const { metrics, watched } = watch(() => {
    answers++
    if (answers === 1) throw new Error('a defect')
    return new Promise(() => {})
  })
  await watched.start()
  await waitFor(() => answers === 2, { timeoutMs: 2_000, what: 'the next look' })
  expect(await states(metrics)).toEqual([])
  await watched.stop()
  await watched.stop()
})
