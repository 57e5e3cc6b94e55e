import { expect, test } from 'bun:test'
import { budgetsOf } from './budgets.ts'

test("k6's thresholds in words, with what was measured", () =>
  expect(
    budgetsOf({
      metrics: {
        'http_req_duration{scenario:reads}': {
          values: { 'p(95)': 99.96, 'p(99)': 312.4 },
          thresholds: { 'p(95)<100': { ok: true }, 'p(99)<250': { ok: false } },
        },
        'visible_since_answer{scenario:step_01_at_50}': {
          values: { med: 4.25 },
          thresholds: { 'med<20': { ok: true } },
        },
        dropped_iterations: { values: { count: 0 }, thresholds: { 'count==0': { ok: true } } },
        vus: { values: { value: 3 } },
      },
    }),
  ).toEqual([
    { of: 'answer to visible of step 01 at 50 p50', limit: '< 20 ms', measured: '4.25 ms', isMet: true },
    { of: 'journeys not begun in time', limit: 'exactly 0', measured: '0', isMet: true },
    { of: 'latency of reads p95', limit: '< 100 ms', measured: '99.96 ms', isMet: true },
    { of: 'latency of reads p99', limit: '< 250 ms', measured: '312.4 ms', isMet: false },
  ]))
