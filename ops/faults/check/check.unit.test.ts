import { describe, expect, test } from 'bun:test'
import { invariantNames, type InvariantName } from '../history.ts'
import { check } from './index.ts'
import { ANN, BOB, call, type Draft, goodHistory, withVersions } from './testing.ts'

const broken = (history: Draft) =>
  Object.entries(check(history).invariants).flatMap(([name, { state }]) => (state === 'broken' ? [name] : []))

test('a run in which all is well: every invariant was asked and held, and the six counts are those of the story', () => {
  const { invariants, counts, isGood } = check(goodHistory())
  expect(Object.values(invariants).map(({ state }) => state)).toEqual(invariantNames.map(() => 'held'))
  expect(counts).toEqual({
    attempts: 6,
    acknowledged: 4,
    lost: 0,
    unexpected: 0,
    duplicated: 0,
    recovered: 0,
  })
  expect(isGood).toBe(true)
})

test('with a history of every version, too', () => {
  expect(broken(withVersions(goodHistory()))).toEqual([])
})
const versionHarms: Harm[] = [
  ['a version is missing', (h) => h.versions!.splice(1, 1), ['I6']],
  ['a version says what its event does not', (h) => (h.versions![1]!['last_name'] = 'Roe'), ['I4']],
  ['a version of a snapshot, where the log has the event', (h) => (h.versions![1]!['rank'] = 2), ['I4']],
  ['a version that nobody wrote', (h) => h.versions!.push({ _id: `${ANN}.0000000009`, version: 9 }), ['I4']],
]
test.each(versionHarms)('%s', (_, harm, invariants) => {
  const history = withVersions(goodHistory())
  harm(history)
  expect(broken(history)).toEqual(invariants)
})

type Harm = [what: string, harm: (history: Draft) => unknown, invariants: InvariantName[]]
const harms: Harm[] = [
  // I1
  ['an acknowledged write is not in the log', (h) => removeEvent(h, 2), ['I1', 'I3', 'I4']],
  ['an acknowledged row is gone, its event is there: a ghost message', (h) => (h.rows = []), ['I1', 'I3']],
  [
    'an acknowledged event was never confirmed',
    (h) => (h.publishes[1]!.fates = ['confirmed', 'returned']),
    ['I1', 'I2', 'I7'],
  ],
  ['the read side lacks an acknowledged user', (h) => h.documents.shift(), ['I1', 'I6']],
  ['the read side shows an old version', (h) => (h.documents[0]!.version = 1), ['I1', 'I4', 'I6']],
  ['an answer names another version than was stored', (h) => (h.writes[1]!.attempts[0]!.version = 3), ['I1']],
  // I2
  [
    'an event was passed over',
    (h) => ((h.publishes[1]!.ids = ['e4']), (h.publishes[1]!.fates = ['confirmed'])),
    ['I1', 'I2'],
  ],
  [
    'the read side found events missing that nobody took from it',
    (h) => h.replays.push({ reason: 'events-missing', phase: 'done', isExpected: false }),
    ['I2'],
  ],
  ['a replay is not done', (h) => (h.replays[0]!.phase = 'log'), ['I6']],
  // I3
  ['a refused write has an event', (h) => (h.writes[2]!.attempts[0]!.status = 409), ['I3', 'I8']],
  [
    'a row without an event: a zombie record',
    (h) => h.rows.push({ ...h.rows[0]!, id: 'zombie', email: 'z@example.com' }),
    ['I3'],
  ],
  ['an event that nobody asked for', (h) => h.writes.splice(2, 1), ['I3']],
  ['an event published that is not in the log', (h) => h.publishes.push(call(3, [9])), ['I3']],
  ['a document in a version that never was', (h) => (h.documents[0]!.version = 7), ['I3', 'I6']],
  ['the row differs from the last event', (h) => (h.rows[0]!.last_name = 'Roe'), ['I3']],
  ['a version was used twice', (h) => (h.log[1]!.version = 1), ['I1', 'I3', 'I6']],
  // I4
  ['a document is not what its event says', (h) => (h.documents[0]!['last_name'] = 'Roe'), ['I4']],
  ['a removed user keeps personal data', (h) => (h.documents[1]!['email'] = 'bob@example.com'), ['I4']],
  ['one write was carried out twice', (h) => (h.log[1]!.data.first_name = 'w1'), ['I1', 'I3', 'I4', 'I8']],
  // I5
  ['a reader saw a version go back', (h) => (h.probes[3]!.by = 'query-1/1'), ['I5']],
  [
    'a reader saw a removed user again',
    (h) =>
      h.probes.push(
        { by: 'query-1/1', id: ANN, startedMs: 60, endedMs: 61, seen: 'absent' },
        { by: 'query-1/1', id: ANN, startedMs: 70, endedMs: 71, seen: 2 },
      ),
    ['I5'],
  ],
  [
    'a younger event of a user went first',
    (h) => (
      (h.publishes[0]!.ids = ['e2']),
      (h.publishes[0]!.fates = ['confirmed']),
      h.publishes.push(call(3, [1]))
    ),
    ['I5'],
  ],
  // I6
  ['no agreement in time', (h) => (h.convergence.agreedMs = undefined), ['I6']],
  ['a backlog is left', (h) => (h.convergence.backlogEvents = 3), ['I6']],
  ['a queue is not empty', (h) => (h.convergence.queued = { q: 1 }), ['I6']],
  // I7
  ['an event was sent again without a reason', (h) => h.publishes.push(call(3, [4])), ['I7']],
  ['more than two windows were sent again after a crash', (h) => crashed(h, 5), ['I7']],
  ['an orderly stop sent events again', (h) => (crashed(h, 1), (h.ends[0]!.code = '0')), ['I7']],
  // I8
  ['one e-mail was given twice', (h) => (h.writes[3]!.attempts[0]!.status = 201), ['I1', 'I8']],
  [
    'nobody got an e-mail',
    (h) => (
      h.writes.push({ n: 7, kind: 'create', email: 'x@e.org', attempts: [refusal()] }),
      h.writes.push({ n: 8, kind: 'create', email: 'x@e.org', attempts: [refusal()] })
    ),
    ['I8'],
  ],
  [
    'the same key was answered in two ways',
    (h) => h.writes[0]!.attempts.push({ ...h.writes[0]!.attempts[0]!, id: BOB }),
    ['I8'],
  ],
  // I9
  ['a process ended by itself', (h) => (h.ends[0]!.by = 'itself'), ['I9']],
  [
    'ready stayed green',
    (h) =>
      h.expectations.push({ kind: 'red', process: 'relay', question: 'ready', fromMs: 70, withinMs: 5_000 }),
    ['I9'],
  ],
  [
    'ready was red where it must not be',
    (h) =>
      h.expectations.push({ kind: 'green', process: 'relay', question: 'ready', fromMs: 0, untilMs: 100 }),
    ['I9'],
  ],
  [
    'nobody looked',
    (h) =>
      h.expectations.push({ kind: 'green', process: 'query', question: 'ready', fromMs: 0, untilMs: 100 }),
    ['I9'],
  ],
  [
    'writes were not served',
    (h) => (
      (h.writes[5]!.attempts[0]!.status = 503),
      h.expectations.push({ kind: 'served', what: 'writes', fromMs: 0, untilMs: 100, part: 1 })
    ),
    ['I9'],
  ],
  [
    'reads were not served',
    (h) => (
      h.failedProbes.push({ by: 'query-1/1', startedMs: 5, status: 503 }),
      h.expectations.push({ kind: 'served', what: 'reads', fromMs: 0, untilMs: 100, part: 1 })
    ),
    ['I9'],
  ],
  [
    'an answer took too long',
    (h) => h.expectations.push({ kind: 'answered', fromMs: 0, untilMs: 100, withinMs: 5 }),
    ['I9'],
  ],
  [
    'a fact of the script',
    (h) => h.expectations.push({ kind: 'fact', invariant: 'I9', text: 'too slow', holds: false }),
    ['I9'],
  ],
  // I10
  ['a process grew too large', (h) => (h.looks[1]!.residentMb = 300), ['I10']],
]

describe('what breaks an invariant is found', () => {
  test.each(harms)('%s', (_what, harm, invariants) => {
    const history = goodHistory()
    harm(history)
    expect(broken(history)).toEqual(invariants)
    expect(check(history).isGood).toBe(false)
  })
  test('each invariant is among them', () => {
    const seen = new Set(harms.flatMap(([, , invariants]) => invariants))
    expect([...seen].sort()).toEqual([...invariantNames].sort())
  })
})

describe('the six counts', () => {
  const counted = (harm: (history: Draft) => unknown) => {
    const history = goodHistory()
    harm(history)
    return check(history).counts
  }
  test('lost: acknowledged and not shown', () => {
    expect(counted((h) => h.documents.shift())).toMatchObject({ lost: 2, acknowledged: 4 })
  })
  test('unexpected: an event of a refused write, a stranger in the store', () => {
    expect(counted((h) => (h.writes[2]!.attempts[0]!.status = 409))).toMatchObject({
      unexpected: 1,
      acknowledged: 3,
    })
    expect(counted((h) => h.documents.push({ _id: 'x', version: 1 }))).toMatchObject({ unexpected: 1 })
  })
  test('duplicated: each further time that may have arrived; a returned one is nowhere', () => {
    const failed = call(1, [1, 2], { fates: ['confirmed', 'unknown'] })
    expect(counted((h) => (h.publishes = [failed, call(2, [2]), call(3, [3, 4])]))).toMatchObject({
      duplicated: 1,
    })
    const returned = call(1, [1, 2], { fates: ['confirmed', 'returned'] })
    expect(counted((h) => (h.publishes = [returned, call(2, [2]), call(3, [3, 4])]))).toMatchObject({
      duplicated: 0,
    })
  })
  test('recovered: never answered, and arrived all the same', () => {
    const repeated = (h: Draft) => {
      const [told] = h.writes[0]!.attempts
      h.writes[0]!.attempts = [
        { ...told!, status: 0 },
        { ...told!, isReplayed: true },
      ]
    }
    expect(counted(repeated)).toMatchObject({ recovered: 1, acknowledged: 4 })
    expect(counted((h) => (h.writes[0]!.attempts[0]!.status = 0))).toMatchObject({
      recovered: 1,
      acknowledged: 3,
    })
  })
})

test('what is allowed: a window that failed is sent again, a crash repeats two windows', () => {
  const failed = goodHistory()
  failed.publishes = [call(1, [1, 2], { fates: ['confirmed', 'nacked'] }), call(2, [2]), call(3, [3, 4])]
  expect(broken(failed)).toEqual([])
  const killed = goodHistory()
  killed.publishes = [
    call(1, [1, 2]),
    call(2, [3, 4], { fates: undefined }),
    call(1, [3, 4], { relay: 'relay-2/1', term: 2 }),
  ]
  expect(broken(killed)).toEqual([])
  const crash = goodHistory()
  crashed(crash, 4)
  expect(broken(crash)).toEqual([])
})

test('reads that overlap have no order', () => {
  const history = goodHistory()
  history.probes.push({ by: 'query-1/1', id: ANN, startedMs: 39, endedMs: 60, seen: 'absent' })
  history.probes.push({ by: 'query-1/1', id: ANN, startedMs: 70, endedMs: 71, seen: 2 })
  expect(broken(history)).toEqual([])
})

test('a write that was sent again counts once, and its refusals decide nothing after silence', () => {
  const history = goodHistory()
  history.writes[0]!.attempts.unshift({ startedMs: 1, endedMs: 9, to: 'command-2', status: 0 })
  history.writes[3]!.attempts.unshift({ startedMs: 1, endedMs: 9, to: 'command-2', status: 0 })
  expect(check(history).counts).toMatchObject({ attempts: 6, acknowledged: 4, recovered: 0 })
  expect(broken(history)).toEqual([])
})

const refusal = () => ({ startedMs: 1, endedMs: 2, to: 'command-1', status: 409 })

function removeEvent(history: Draft, seq: number): void {
  history.log = history.log.filter((event) => event.seq !== seq)
  for (const publish of history.publishes) {
    publish.ids = publish.ids.filter((id) => id !== `e${seq}`)
    publish.fates = publish.ids.map(() => 'confirmed')
  }
  history.documents[0] = { ...history.documents[0]!, version: 1 }
}

/** The relay ended without handing over, and the next one sent the first `count` events of the log once more. */
function crashed(history: Draft, count: number): void {
  for (let seq = 5; seq <= count; seq++) {
    const id = `${ANN.slice(0, -1)}${seq}`
    const data = { ...history.log[0]!.data, id, first_name: `w${seq + 5}`, email: `${seq}@example.com` }
    history.log.push({ ...history.log[0]!, seq, id: `e${seq}`, aggregateId: id, data })
    history.writes.push({
      n: seq + 5,
      kind: 'create',
      email: data.email,
      attempts: [{ ...history.writes[0]!.attempts[0]!, id }],
    })
    history.rows.push({
      ...history.rows[0]!,
      ...(data as { id: string }),
      updated_at: data.updated_at!,
      version: 1,
    })
    const { _id: _, ...rest } = history.documents[0]!
    history.documents.push({
      ...rest,
      _id: id,
      version: 1,
      first_name: data.first_name,
      first_name_key: data.first_name,
      email: data.email,
      email_key: data.email,
      updated_at: data.updated_at,
    })
    history.publishes.push(call(seq, [seq]))
  }
  const seqs = Array.from({ length: count }, (_, index) => index + 1)
  history.publishes.push(call(1, seqs, { relay: 'relay-2/1', term: 2 }))
}
