import type { Attempt, History, LogEvent, PublishCall, UserData, Write } from '../history.ts'

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T
export type Draft = Mutable<History>

const at = (n: number) => `2026-01-02T03:04:0${n}.000Z`
const ids = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'] as const
export const [ANN, BOB] = ids

const user = (n: number, id: string, name: string): UserData => ({
  id,
  first_name: `w${n}`,
  last_name: 'Doe',
  email: `${name}@example.com`,
  created_at: at(1),
  updated_at: at(n),
})
const event = (
  seq: number,
  aggregateId: string,
  version: number,
  data: Partial<UserData>,
  kind: string,
): LogEvent => ({
  seq,
  id: `e${seq}`,
  aggregateId,
  type: `users.user.${kind}.v2`,
  version,
  data,
  occurredAt: at(seq),
})
const answered = (status: number, version?: number, id?: string): Attempt => ({
  startedMs: 10,
  endedMs: 20,
  to: 'command-1',
  status,
  version,
  id,
})
export const call = (
  n: number,
  seqs: number[],
  over: Partial<Mutable<PublishCall>> = {},
): Mutable<PublishCall> => ({
  relay: 'relay-1/1',
  term: 1,
  call: n,
  atMs: n * 100,
  ids: seqs.map((seq) => `e${seq}`),
  fates: seqs.map(() => 'confirmed'),
  ...over,
})

/**
 * A run in which all is well: Ann is created (w1) and replaced (w2), Bob is created (w3) after a duplicate (w4) was
 * refused, and removed (w5); one write (w6) was never answered and never happened.
 */
export function goodHistory(): Draft {
  const ann = [user(1, ANN, 'ann'), user(2, ANN, 'ann')] as const
  const bob = user(3, BOB, 'bob')
  const keys = { first_name_key: 'w2', last_name_key: 'doe', email_key: 'ann@example.com' }
  const { id: _, ...shown } = ann[1]
  const writes: Write[] = [
    { n: 1, kind: 'create', email: 'ann@example.com', attempts: [answered(201, 1, ANN)] },
    { n: 2, kind: 'replace', id: ANN, email: 'ann@example.com', attempts: [answered(200, 2, ANN)] },
    { n: 3, kind: 'create', email: 'bob@example.com', attempts: [answered(201, 1, BOB)] },
    { n: 4, kind: 'create', email: 'bob@example.com', attempts: [answered(409)] },
    { n: 5, kind: 'remove', id: BOB, attempts: [answered(204, undefined, BOB)] },
    { n: 6, kind: 'create', email: 'eve@example.com', attempts: [answered(0)] },
  ]
  return {
    writes,
    probes: [
      { by: 'query-1/1', id: ANN, startedMs: 30, endedMs: 31, seen: 'absent' },
      { by: 'query-1/1', id: ANN, startedMs: 40, endedMs: 41, seen: 1 },
      { by: 'query-1/1', id: ANN, startedMs: 50, endedMs: 51, seen: 2 },
      { by: 'query-2/1', id: ANN, startedMs: 55, endedMs: 56, seen: 1 },
    ],
    failedProbes: [],
    rows: [{ ...ann[1], version: 2 }],
    log: [
      event(1, ANN, 1, ann[0], 'created'),
      event(2, ANN, 2, ann[1], 'updated'),
      event(3, BOB, 1, bob, 'created'),
      event(4, BOB, 2, { id: BOB }, 'deleted'),
    ],
    publishes: [call(1, [1, 2]), call(2, [3, 4])],
    replays: [{ reason: 'queue-lost', phase: 'done', isExpected: true }],
    documents: [
      { _id: ANN, version: 2, ...shown, ...keys },
      { _id: BOB, version: 2, deleted_at: at(4) },
    ],
    convergence: {
      healedMs: 100,
      agreedMs: 200,
      limitMs: 60_000,
      backlogEvents: 0,
      queued: { 'users-g1.p00of01': 0 },
    },
    ends: [{ process: 'relay-1/1', atMs: 90, code: 'SIGKILL', by: 'us' }],
    looks: [
      { atMs: 50, process: 'relay-1/1', ready: 200, pipeline: 200, residentMb: 100 },
      { atMs: 60, process: 'relay-1/1', ready: 503, pipeline: 503, residentMb: 120 },
    ],
    expectations: [{ kind: 'bounded', what: 'residentMb', max: 200 }],
    windowMax: 2,
  } as unknown as Draft
}

/** The same, with the history of a read model that keeps every version. */
export function withVersions(history: Draft): Draft {
  history.versions = history.log.map(({ aggregateId, version, type, data, occurredAt }) => {
    const { id: _, ...values } = data
    const kind = type.split('.')[2]!
    const head = { _id: `${aggregateId}.000000000${version}`, version, rank: 4, type: kind }
    const rest = kind === 'deleted' ? { deletion: true } : values
    return { ...head, at: occurredAt, by: null, changed: null, ...rest }
  })
  return history
}
