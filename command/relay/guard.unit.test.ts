import { expect, test } from 'bun:test'
import { refusal } from './guard.ts'
import type { Observation } from './log-store.ts'

const healthy: Observation = {
  head: 100,
  sequence: 120,
  cursor: 90,
  owner: 'relay-1',
  leaseMs: 2_000,
  oldestAgeMs: 5,
  segmentsAhead: 3,
  segments: 4,
  floorSeq: 1,
  paused: null,
  parked: [],
  cluster: '7.00000001',
  cursorCluster: '7.00000001',
}

test('a healthy log is no reason to refuse', () => {
  expect(refusal(healthy)).toBeUndefined()
  expect(refusal({ ...healthy, head: 0, sequence: 0, cursor: 0, cursorCluster: undefined })).toBeUndefined()
})

test.each([
  ['a sequence behind the log', { sequence: 99 }, /stands at 99, behind its highest seq 100/],
  ['a sequence behind the cursor', { head: 0, sequence: 80 }, /stands at 80, behind the cursor 90/],
  ['another cluster', { cluster: '8.00000001' }, /cluster changed from 7.* to 8/],
  ['another timeline', { cluster: '7.00000002' }, /were commits lost\? see docs\/operating\.md/],
])('%s is refused', (_, change, reason) => {
  expect(refusal({ ...healthy, ...change })).toMatch(reason)
})
