import { describe, expect, test } from 'bun:test'
import type { UserState } from '../../shared/events/users.ts'
import { genericAggregates } from '../aggregates.ts'
import type { Command } from './command.ts'
import { claimKey, planBatch, rowKey, type Loaded, type Plan } from './plan.ts'

const aggregates = new Map(genericAggregates.map((aggregate) => [aggregate.name, aggregate]))
const uuid = (n: number) => `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}`
const now = '2026-01-02T03:04:05.678Z'
const input = (email: string) => ({ first_name: 'A', last_name: 'B', email })
const create = (n: number, email: string): Command => ({
  aggregate: 'users',
  name: 'create',
  id: uuid(n),
  isNew: true,
  input: input(email),
  headers: {},
})
const replace = (n: number, email: string): Command => ({
  ...create(n, email),
  name: 'replace',
  isNew: false,
})
const remove = (n: number): Command => ({ ...create(n, ''), name: 'remove', isNew: false })
const row = (n: number, email: string, version = 1): [string, Loaded] => {
  const state: UserState = { id: uuid(n), ...input(email), created_at: now, updated_at: now }
  return [rowKey('users', uuid(n)), { version, state }]
}
const emailClaim = (email: string) => claimKey('users', 'email', email)

function plan(commands: Command[], rows: [string, Loaded][] = [], taken: Record<string, number> = {}): Plan {
  const base = { commands, aggregates, loaded: new Map(rows), now, newId: () => 'event' }
  const { claims } = planBatch(base)
  const owners = new Map([...claims].map((claim) => [claim, null as string | null]))
  for (const [email, n] of Object.entries(taken)) owners.set(emailClaim(email), uuid(n))
  return planBatch({ ...base, owners })
}
const kinds = (result: Plan) =>
  result.outcomes.map((o) =>
    o.kind === 'rejected' ? o.rejection.reason : o.kind === 'requeue' ? o.reason : o.kind,
  )

describe('a batch', () => {
  test('folds the commands on one aggregate: one row, one event a step, the row equal to the last event', () => {
    const result = plan([replace(1, 'b@x.io'), replace(1, 'c@x.io')], [row(1, 'a@x.io', 4)])
    expect(kinds(result)).toEqual(['stored', 'stored'])
    expect(result.events.map(({ version, type }) => [version, type])).toEqual([
      [5, 'users.user.updated.v2'],
      [6, 'users.user.updated.v2'],
    ])
    const { inserts, updates } = result.writes.get('users')!
    expect(inserts).toEqual([])
    expect(updates).toHaveLength(1)
    const { changed, ...state } = result.events[1]!.data as UserState & { changed: string[] }
    expect(changed).toEqual(['email'])
    expect(updates[0]).toEqual({ ...state, version: 6, email_key: 'c@x.io' })
  })
  test('a change and a delete of one row leave a delete and two events', () => {
    const result = plan([replace(1, 'b@x.io'), remove(1), replace(1, 'c@x.io')], [row(1, 'a@x.io')])
    expect(kinds(result)).toEqual(['stored', 'deleted', 'not-found'])
    expect(result.writes.get('users')).toEqual({ inserts: [], updates: [], deletes: [uuid(1)] })
  })
  test('made and deleted at once leaves events and no row', () => {
    const result = plan([create(1, 'a@x.io'), remove(1)])
    expect(result.events.map(({ version }) => version)).toEqual([1, 2])
    expect(result.writes.get('users')).toEqual({ inserts: [], updates: [], deletes: [] })
  })
  test('what changes nothing is the same version and no event', () => {
    const result = plan([replace(1, 'a@x.io')], [row(1, 'a@x.io', 7)])
    expect(result.outcomes[0]).toMatchObject({ kind: 'stored', version: 7, changed: false })
    expect(result.events).toEqual([])
    expect(result.writes.size).toBe(0)
  })
  test('each event says which fields it changed, step by step, and the loop’s own timestamp is none of them', () => {
    const renamed = { ...replace(1, 'a@x.io'), input: { first_name: 'Z', last_name: 'Y', email: 'a@x.io' } }
    const { events } = plan([create(1, 'a@x.io'), renamed, replace(1, 'a@x.io'), remove(1)])
    expect(events.map(({ data }) => (data as { changed: string[] }).changed)).toEqual([
      ['first_name', 'last_name', 'email'],
      ['first_name', 'last_name'],
      ['first_name', 'last_name'],
      [],
    ])
  })
  test('a rejected command writes nothing and its neighbours go on', () => {
    const result = plan([replace(9, 'z@x.io'), create(1, 'a@x.io')])
    expect(kinds(result)).toEqual(['not-found', 'stored'])
    expect(result.events).toHaveLength(1)
  })
  test('a decision that throws, or does not fit its schema, fails alone', () => {
    const bad = { ...create(1, 'a@x.io'), input: { first_name: 1, last_name: 'B', email: 'q@x.io' } }
    const invalid = { ...create(1, 'a@x.io'), input: input('not an address') }
    expect(kinds(plan([bad, invalid, create(2, 'b@x.io')]))).toEqual(['defect', 'defect', 'stored'])
  })
})

describe('an expectation', () => {
  const expecting = (command: Command, ...versions: number[]): Command => ({
    ...command,
    expect: { kind: 'versions', versions },
  })
  test('is held to the row, and to what earlier commands of the batch made of it', () => {
    const commands = [
      expecting(replace(1, 'b@x.io'), 4),
      expecting(replace(1, 'c@x.io'), 4),
      expecting(replace(1, 'd@x.io'), 2, 5),
      expecting(remove(1), 5),
      expecting(remove(1), 6),
    ]
    const result = plan(commands, [row(1, 'a@x.io', 4)])
    expect(kinds(result)).toEqual(['stored', 'version-conflict', 'stored', 'version-conflict', 'deleted'])
    expect(result.outcomes[1]).toMatchObject({ rejection: { version: 5 } })
    expect(result.events.map(({ version }) => version)).toEqual([5, 6, 7])
  })
  test('comes before the decision: neither a taken value nor an equal state is looked at', () => {
    const rows = [row(1, 'a@x.io', 4), row(2, 'b@x.io')]
    const commands = [expecting(replace(1, 'b@x.io'), 3), expecting(replace(1, 'a@x.io'))]
    const result = plan(commands, rows, { 'b@x.io': 2 })
    expect(kinds(result)).toEqual(['version-conflict', 'version-conflict'])
    expect(result.claims.size).toBe(0)
  })
  test('of any version is met by what changes nothing too', () => {
    const any: Command = { ...replace(1, 'a@x.io'), expect: { kind: 'exists' } }
    expect(plan([any], [row(1, 'a@x.io', 7)]).outcomes[0]).toMatchObject({ kind: 'stored', version: 7 })
  })
  test('where there is nothing the decision says so, and what would be made was not there', () => {
    const gone: Command = { ...replace(1, 'a@x.io'), expect: { kind: 'exists' } }
    expect(kinds(plan([gone, remove(2), expecting(create(3, 'c@x.io'), 1)]))).toEqual([
      'not-found',
      'not-found',
      'version-conflict',
    ])
  })
  test('that the first pass judged otherwise sends its command to the next batch', () => {
    // The first pass lets the duplicate through, so to it the second command comes too late.
    const commands = [replace(1, 'b@x.io'), expecting(replace(1, 'c@x.io'), 4)]
    expect(kinds(plan(commands, [row(1, 'a@x.io', 4)], { 'b@x.io': 2 }))).toEqual(['duplicate', 'freed'])
  })
})

describe('unique values', () => {
  test('ignore case, and the first in arrival order gets them', () => {
    expect(kinds(plan([create(1, 'a@x.io'), create(2, 'A@X.io')]))).toEqual(['stored', 'duplicate'])
  })
  test('of a stored row are taken', () => {
    expect(kinds(plan([create(1, 'a@x.io')], [], { 'a@x.io': 5 }))).toEqual(['duplicate'])
  })
  test('of one own are free', () => {
    expect(kinds(plan([replace(1, 'A@x.io')], [row(1, 'a@x.io')], { 'a@x.io': 1 }))).toEqual(['stored'])
  })
  test('freed in this batch are free in the next one', () => {
    const result = plan([replace(1, 'b@x.io'), create(2, 'a@x.io')], [row(1, 'a@x.io')], { 'a@x.io': 1 })
    expect(kinds(result)).toEqual(['stored', 'freed'])
    const deleted = plan([remove(1), create(2, 'a@x.io')], [row(1, 'a@x.io')], { 'a@x.io': 1 })
    expect(kinds(deleted)).toEqual(['deleted', 'freed'])
  })
  test('had for a step only are free in the next one', () => {
    const commands = [replace(1, 'b@x.io'), replace(1, 'c@x.io'), create(2, 'b@x.io')]
    expect(kinds(plan(commands, [row(1, 'a@x.io')]))).toEqual(['stored', 'stored', 'freed'])
  })
  test('swapped between two rows are refused to both, as they would be one by one', () => {
    const rows = [row(1, 'a@x.io'), row(2, 'b@x.io')]
    const taken = { 'a@x.io': 1, 'b@x.io': 2 }
    expect(kinds(plan([replace(1, 'b@x.io'), replace(2, 'a@x.io')], rows, taken))).toEqual([
      'duplicate',
      'duplicate',
    ])
  })
  test('that the first pass could not foresee send their command to the next batch', () => {
    const commands = [create(1, 'a@x.io')]
    const result = planBatch({
      commands,
      aggregates,
      loaded: new Map(),
      owners: new Map(),
      now,
      newId: () => 'e',
    })
    expect(kinds(result)).toEqual(['freed'])
  })
})

test('a row locked elsewhere sends its commands back and nobody else', () => {
  const rows: [string, Loaded][] = [[rowKey('users', uuid(1)), 'locked-elsewhere'], row(2, 'b@x.io')]
  expect(kinds(plan([replace(1, 'c@x.io'), remove(1), replace(2, 'd@x.io')], rows))).toEqual([
    'locked',
    'locked',
    'stored',
  ])
})
