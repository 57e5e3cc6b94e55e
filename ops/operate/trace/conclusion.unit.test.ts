import { describe, expect, test } from 'bun:test'
import { conclude, type Evidence } from './conclusion.ts'

const at = '2026-11-24T10:00:00.000Z'
const paused = { at, by: 'ada', reason: 'maintenance' }
const queue = 'users-g1.p03of08'

/** Version 3 is written, published and not in the store: what a case changes is the reason. */
function evidence(change: {
  rowVersion?: number | null
  events?: number
  written?: Partial<Evidence['written']>
  relay?: Partial<Evidence['writeSide']['relay']>
  cursor?: number
  replays?: Evidence['writeSide']['replays']
  projected?: Partial<Evidence['projected']>
  readSide?: Partial<Evidence['readSide']>
  depth?: { messages: number; consumers: number } | 'missing' | 'unknown'
  appliedTo?: number | null
}): Evidence {
  const {
    rowVersion = 3,
    events = 3,
    cursor = 103,
    depth = { messages: 0, consumers: 2 },
    appliedTo = 103,
  } = change
  return {
    written: {
      rowVersion: rowVersion ?? undefined,
      events: Array.from({ length: events }, (_, index) => {
        const version = events - index
        return { seq: 100 + version, id: `e${version}`, type: 'users.user.updated.v2', version, time: at }
      }),
      parked: undefined,
      ...change.written,
    },
    writeSide: {
      version: 'PostgreSQL 18.6',
      relay: {
        leader: 'relay-1',
        token: 4,
        leaseMs: 2_000,
        paused: undefined,
        refusal: undefined,
        ...change.relay,
      },
      backlog: { events: Math.max(0, 103 - cursor), oldestMs: 4_000 },
      log: { head: 103, cursor, floor: 1, segments: 4, segmentsAhead: 3, readers: [] },
      parked: { aggregates: 0, events: 0 },
      replays: change.replays ?? [],
    },
    projected: {
      group: 'users-g1',
      serving: true,
      version: 2,
      deleted: false,
      parked: [],
      ...change.projected,
    },
    readSide: {
      version: 'FerretDB 2.7.0',
      models: [],
      heartbeats: appliedTo === null ? {} : { [queue]: { ageSeconds: 1, appliedTo } },
      incomplete: [],
      paused: undefined,
      parkedEvents: 0,
      ...change.readSide,
    },
    queue:
      depth === 'unknown'
        ? undefined
        : {
            queue,
            group: 'users-g1',
            partition: 3,
            depth: depth === 'missing' ? undefined : depth,
            active: undefined,
          },
  }
}

const parkedEvent = {
  id: 'users-g1/e3',
  type: 'users.user.updated.v2',
  version: 3,
  code: 'projection-failed',
  since: at,
  releaseRequested: false,
  lastError: undefined,
}
const replay = {
  id: 'r',
  group: 'users-g1',
  scope: 'all',
  phase: 'log' as const,
  sent: 1,
  reason: '',
  requestedBy: '',
  acceptedAt: at,
  finishedAt: undefined,
  error: undefined,
}

describe('what is as it should be', () => {
  const cases: [string, Evidence, string, string][] = [
    [
      'the same version',
      evidence({ projected: { version: 3 } }),
      'current',
      'up to date: version 3 everywhere',
    ],
    [
      'deleted, with its tombstone',
      evidence({ rowVersion: null, projected: { version: 3, deleted: true } }),
      'current',
      'deleted',
    ],
    [
      'deleted, and the log forgot it',
      evidence({ rowVersion: null, events: 0, projected: { deleted: true } }),
      'current',
      'no longer tells',
    ],
    [
      'never heard of',
      evidence({ rowVersion: null, events: 0, projected: { version: undefined } }),
      'unknown',
      'nobody knows it',
    ],
    ['ahead of its row', evidence({ projected: { version: 7 } }), 'ahead', 'rows were lost'],
    ['without row and event', evidence({ rowVersion: null, events: 0 }), 'ahead', 'verify --repair'],
  ]
  for (const [name, given, state, text] of cases)
    test(name, () => {
      const conclusion = conclude(given)
      expect(conclusion.state).toBe(state as typeof conclusion.state)
      expect(conclusion.text).toContain(text)
    })
})

describe('behind, and the first thing on the way that explains it', () => {
  const cases: [string, Parameters<typeof evidence>[0], string][] = [
    [
      'an unpublished event',
      { cursor: 102 },
      'the relay is behind: event 103 is not published yet (backlog 1 event, the oldest 4 s old)',
    ],
    ['a paused relay', { cursor: 102, relay: { paused } }, 'the relay is paused by ada since'],
    ['nobody leads', { cursor: 102, relay: { leader: undefined } }, 'no relay leads'],
    [
      'a relay that refuses',
      { cursor: 102, relay: { refusal: 'another cluster' } },
      'refuses to go on: another cluster',
    ],
    [
      'parked by the relay',
      {
        written: {
          parked: { reason: 'unencodable', since: at, firstSeq: 103, events: 4, releaseRequested: false },
        },
      },
      'the relay has parked it with 4 events',
    ],
    ['parked by the projector', { projected: { parked: [parkedEvent] } }, 'parked release users-g1/e3'],
    ['a paused projector', { readSide: { paused } }, 'the projector is paused by ada'],
    ['no queue', { depth: 'missing' }, `${queue} does not exist`],
    [
      'a queue that lost events',
      {
        readSide: { incomplete: [{ queue, since: at, why: 'it was deleted', isAskedFor: true }] },
        replays: [replay],
      },
      'a replay (all) is under way',
    ],
    ['nobody consumes', { depth: { messages: 5, consumers: 0 } }, `nobody consumes ${queue} (5 messages)`],
    [
      'in the queue',
      { depth: { messages: 5, consumers: 1 }, appliedTo: 90 },
      `on its way through ${queue} (5 messages waiting, applied to 90 1 s ago)`,
    ],
    ['no heartbeat yet', { appliedTo: null }, 'no heartbeat yet'],
    ['a broker that is away', { depth: 'unknown' }, 'the broker cannot be asked'],
    [
      'past its group',
      {},
      'event 103 is published and went past users-g1: `verify --repair` asks for it again',
    ],
    ['no event in the log any more', { events: 1 }, 'the log no longer has its events'],
    ['no document at all', { projected: { version: undefined } }, 'users-g1 has none'],
  ]
  for (const [name, change, text] of cases)
    test(name, () => {
      const conclusion = conclude(evidence(change))
      expect(conclusion.state).toBe('behind')
      expect(conclusion.text).toContain(text)
    })
})
