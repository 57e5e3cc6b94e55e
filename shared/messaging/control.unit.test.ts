import { describe, expect, test } from 'bun:test'
import { EventError } from '../events/catalogue.ts'
import { parseHeartbeat } from './heartbeat.ts'
import { heartbeatType, type Heartbeat } from './names.ts'
import {
  parseReplayMarker,
  parseReplayRequest,
  replayMarkerType,
  replayRequestType,
  type ReplayMarker,
  type ReplayRequest,
} from './replay.ts'

const time = '2026-01-02T03:04:05.678Z'
const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const failure = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof EventError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'nothing was thrown'
}

const heartbeat: Heartbeat = {
  type: heartbeatType,
  time,
  head: 9,
  cursor: 8,
  paused: true,
  term: 2,
  number: 7,
  last: { things: { seq: 8, count: 2, id, version: 3 } },
}
const request: ReplayRequest = {
  type: replayRequestType,
  id,
  group: 'things-g1',
  aggregate: 'things',
  partitions: 8,
  only: [0, 7],
  scope: { kind: 'all' },
  reason: 'first',
  requested_by: 'a test',
  requested_at: time,
}
const marker: ReplayMarker = { type: replayMarkerType, request: id, partition: 3, sent: 12, time, head: 9 }

describe('what the machinery says is read back', () => {
  test('a heartbeat, also one of a relay that says less or more', () => {
    expect(parseHeartbeat(bytes(heartbeat))).toEqual(heartbeat)
    const { paused: _, term: __, number: ____, last: ___, ...older } = heartbeat
    expect(parseHeartbeat(bytes(older))).toEqual(older)
    expect(parseHeartbeat(bytes({ ...heartbeat, more: 1 }))).toMatchObject(heartbeat)
  })
  test('a request, for each scope, and a marker', () => {
    const scopes: ReplayRequest['scope'][] = [
      { kind: 'all' },
      { kind: 'from', seq: 0 },
      { kind: 'aggregate', id },
    ]
    for (const scope of scopes)
      expect(parseReplayRequest(bytes({ ...request, scope }))).toEqual({ ...request, scope })
    expect(parseReplayRequest(bytes({ ...request, only: null }))).toEqual({ ...request, only: null })
    expect(parseReplayMarker(bytes(marker))).toEqual(marker)
  })
})

describe('what is wrong is named by its place and not by its value', () => {
  const cases: [string, () => unknown][] = [
    ['not-json: the heartbeat is not JSON', () => parseHeartbeat(new TextEncoder().encode('secret'))],
    ['not-json: the request is not JSON', () => parseReplayRequest(new Uint8Array([0xff]))],
    [
      'invalid-data: the heartbeat is wrong at /head',
      () => parseHeartbeat(bytes({ ...heartbeat, head: 'secret' })),
    ],
    [
      'invalid-data: the heartbeat is wrong at /time',
      () => parseHeartbeat(bytes({ ...heartbeat, time: 'secret' })),
    ],
    [
      'invalid-data: the heartbeat is wrong at /last/things/version',
      () => parseHeartbeat(bytes({ ...heartbeat, last: { things: { seq: 1, count: 1, id } } })),
    ],
    [
      'invalid-data: the request is wrong at /id',
      () => parseReplayRequest(bytes({ ...request, id: 'secret' })),
    ],
    [
      'invalid-data: the request is wrong at /only',
      () => parseReplayRequest(bytes({ ...request, only: [] })),
    ],
    [
      'invalid-data: the request is wrong at /scope',
      () => parseReplayRequest(bytes({ ...request, scope: { kind: 'from' } })),
    ],
    [
      'invalid-data: the marker is wrong at /request',
      () => parseReplayMarker(bytes({ ...marker, request: 7 })),
    ],
  ]
  for (const [text, run] of cases) test(text, () => expect(failure(run)).toBe(text))
})
