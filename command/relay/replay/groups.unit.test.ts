import { describe, expect, test } from 'bun:test'
import { groupReplays } from './groups.ts'
import type { OpenReplay } from './store.ts'

let ids = 0
const replay = (change: Partial<OpenReplay> = {}): OpenReplay => ({
  id: `id-${++ids}`,
  group: 'things-g1',
  aggregate: 'things',
  partitions: 8,
  only: null,
  scope: { kind: 'all' },
  phase: 'waiting',
  position: null,
  head: null,
  sent: 0,
  logAfter: null,
  ...change,
})
const members = (open: readonly OpenReplay[]) =>
  groupReplays(open).map(({ members }) => members.map(({ id }) => id))

describe('replays that go the same way go together', () => {
  test('for each of its queues, with the partitions of all of them', () => {
    const open = [replay({ only: [1] }), replay({ only: [2, 3] })]
    expect(groupReplays(open)).toMatchObject([{ members: open, only: new Set([1, 2, 3]) }])
    const [all] = groupReplays([...open, replay()])
    expect(all!.only).toBeUndefined()
    expect(all!.members).toHaveLength(3)
  })
  test('from the lowest of their positions', () => {
    const from = (seq: number) => replay({ scope: { kind: 'from', seq } })
    expect(groupReplays([from(9), from(7), from(8)])).toMatchObject([{ from: 7, ids: undefined }])
  })
  test('for several aggregates, whose ids are in lower case, each once, and not too many of them', () => {
    const one = (id: string) => replay({ scope: { kind: 'aggregate', id } })
    const [first, second] = groupReplays([one('A'), one('b'), one('a'), one('c')], 3)
    expect(first).toMatchObject({ ids: ['a', 'b'], from: undefined })
    expect(second).toMatchObject({ ids: ['c'] })
  })
  test('those that have begun, where they stand at the same place', () => {
    const begun = (position: string) => replay({ phase: 'log', position, head: 9, logAfter: 1 })
    const [a, b, c] = [begun('5'), begun('6'), begun('5')]
    expect(members([a!, b!, c!])).toEqual([[a!.id, c!.id], [b!.id]])
  })
})

test('what differs in group, aggregate, partitions, scope or phase goes alone, the oldest first', () => {
  const open = [
    replay(),
    replay({ group: 'things-g2' }),
    replay({ aggregate: 'others' }),
    replay({ partitions: 16 }),
    replay({ scope: { kind: 'from', seq: 0 } }),
    replay({ phase: 'snapshot' }),
  ]
  expect(members([...open, replay()]).map(([first]) => first)).toEqual(open.map(({ id }) => id))
})
