import { afterEach, expect, test } from 'bun:test'
import { liveFigures, samples, statusLine } from './live-figures.ts'

const METRICS = `# HELP projector_lag_seconds Age
# TYPE projector_lag_seconds gauge
projector_lag_seconds{group="users-g1",partition="0"} 0.25
projector_lag_seconds{group="a } b",partition="1"} 1.5 1700000000000
projector_lag_seconds_sum 7
relay_backlog_events 12
relay_parked_events 3
`

let server: Bun.Server<undefined> | undefined
afterEach(() => server?.stop(true))

test('reads the samples of one metric, with labels and without', () => {
  expect(samples(METRICS, 'projector_lag_seconds')).toEqual([0.25, 1.5])
  expect(samples(METRICS, 'relay_backlog_events')).toEqual([12])
  expect(samples(METRICS, 'nothing')).toEqual([])
})

test('writes per second come from two readings; the lag is the largest', async () => {
  let total = 100
  server = Bun.serve({
    port: 0,
    fetch: () => new Response(`${METRICS}command_events_appended_total ${total}\n`),
  })
  const url = server.url.origin
  const figures = liveFigures({ command: url, relay: url, query: url })
  expect(await figures()).toEqual({
    writesPerSecond: undefined,
    backlogEvents: 12,
    lagSeconds: 1.5,
    parkedEvents: 3,
  })
  total = 150
  const { writesPerSecond } = await figures()
  expect(writesPerSecond).toBeGreaterThan(0)
  total = 10
  expect((await figures()).writesPerSecond).toBeUndefined()
})

test('what is not known is a dash', async () => {
  const nowhere = 'http://127.0.0.1:1'
  const figures = await liveFigures({ command: nowhere, relay: nowhere, query: nowhere })()
  expect(statusLine(figures)).toMatch(/writes - +backlog - +lag - +parked -$/)
  expect(
    statusLine({ writesPerSecond: 812.4, backlogEvents: 0, lagSeconds: 0.0421, parkedEvents: 7 }),
  ).toMatch(/812\/s .* 0 .* 42 ms +parked 7$/)
})
