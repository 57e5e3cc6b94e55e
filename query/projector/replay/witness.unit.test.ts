import { describe, expect, test } from 'bun:test'
import { createWitness, type Finding } from './witness.ts'

const sent = (seq: number, count: number, term = 1) => ({
  last: { seq, count, id: 'a', version: 1 },
  term,
  cursor: seq,
})
/** The first of a term, before any event. */
const begun = (term: number, cursor: number) => ({ last: undefined, term, cursor })
/** Plays events (their seq) and heartbeats, and tells what was found at each heartbeat. */
function play(
  ...steps: (number | 'blur' | ReturnType<typeof sent> | ReturnType<typeof begun>)[]
): Finding['kind'][] {
  const witness = createWitness()
  const found: Finding['kind'][] = []
  for (const step of steps)
    if (typeof step === 'number') witness.saw(step)
    else if (step === 'blur') witness.blur()
    else found.push(witness.judge(step).kind)
  return found
}

test('everything that was sent came', () => {
  expect(play(1, 2, sent(2, 2), sent(2, 2), 4, 7, sent(7, 4))).toEqual(['arrived', 'arrived', 'arrived'])
})
test('a hole at the end, in the middle and at the begin of what lies between two heartbeats', () => {
  expect(play(1, sent(1, 1), 2, sent(3, 3))).toEqual(['arrived', 'missing'])
  expect(play(1, sent(1, 1), 2, 4, sent(4, 4))).toEqual(['arrived', 'missing'])
  expect(play(1, sent(1, 1), 3, 4, sent(4, 4))).toEqual(['arrived', 'missing'])
})
test('the hole is told from where all was well', () => {
  const witness = createWitness()
  witness.saw(5)
  witness.judge(sent(5, 1))
  expect(witness.judge(sent(9, 2))).toEqual({ kind: 'missing', after: 5 })
  // Once, and not with every heartbeat behind it.
  expect(witness.judge(sent(9, 2)).kind).toBe('arrived')
})
test('a subscription begins where another ended: it cannot know', () => {
  expect(play(sent(9, 3), 10, sent(10, 4), sent(11, 5))).toEqual(['unsure', 'arrived', 'missing'])
})
test('events that are sent again prove nothing until the next heartbeat', () => {
  expect(play(1, sent(1, 1), 2, 3, 2, 3, sent(4, 4), 5, sent(6, 6))).toEqual(['arrived', 'unsure', 'missing'])
})
test('a probe amid a window names less than came, and the next heartbeat counts it all', () => {
  expect(play(1, sent(1, 1), 2, 3, sent(2, 2), 4, sent(4, 4), sent(5, 5))).toEqual([
    'arrived',
    'amid',
    'arrived',
    'missing',
  ])
})
test('a heartbeat that comes again, behind one that counts an event which was held back', () => {
  expect(play(1, 2, sent(2, 2), sent(2, 3), sent(2, 2), sent(2, 3))).toEqual([
    'arrived',
    'missing',
    'amid',
    'arrived',
  ])
})
describe('one that goes on from the tally of another', () => {
  const before = createWitness()
  for (const seq of [1, 2]) before.saw(seq)
  before.judge(sent(2, 2))
  for (const seq of [3, 4]) before.saw(seq)

  test('counts on, and finds what was lost in between, with later events behind it', () => {
    const next = createWitness(before.tally)
    next.saw(5)
    expect(next.judge(sent(5, 5))).toEqual({ kind: 'arrived' })
    const late = createWitness(before.tally)
    late.saw(6)
    expect(late.judge(sent(6, 6))).toEqual({ kind: 'missing', after: 2 })
  })
  test('knows the last batch where it comes again, whole or in parts, and not what came before', () => {
    const then = createWitness(before.tally)
    then.begin()
    for (const seq of [5, 6]) then.saw(seq)
    const after = (...steps: number[]) => {
      let next = createWitness(then.tally)
      for (const seq of steps) {
        next.begin()
        next.saw(seq)
        // It may end at any moment, and another go on.
        next = createWitness(next.tally)
      }
      next.begin()
      next.saw(8)
      return next.judge(sent(8, 8)).kind
    }
    expect(after(5, 6, 7)).toBe('arrived')
    expect(after(5, 6)).toBe('missing')
    expect(after(6)).toBe('missing')
    expect(after()).toBe('missing')
    // It cannot tell whether this one was counted.
    expect(after(4, 5, 6)).toBe('arrived')
  })
  test('a batch that comes again with new events behind it, and again', () => {
    const one = createWitness(before.tally)
    one.begin()
    for (const seq of [5, 6]) one.saw(seq)
    const two = createWitness(one.tally)
    two.begin()
    for (const seq of [5, 6, 7]) two.saw(seq)
    const three = createWitness(two.tally)
    three.begin()
    for (const seq of [5, 6, 7, 9]) three.saw(seq)
    expect(three.judge(sent(9, 9))).toEqual({ kind: 'missing', after: 2 })
  })
  test('has nothing to tell of a tally until something changes', () => {
    const next = createWitness(before.tally)
    expect(next.tally).toBe(before.tally)
    next.saw(5)
    expect(next.tally).not.toBe(before.tally)
    next.judge(sent(5, 5))
    const { tally } = next
    next.judge(sent(5, 5))
    expect(next.tally).toBe(tally)
  })
})
test('another term counts anew', () => {
  expect(play(1, 2, sent(2, 2), 3, sent(3, 1, 2), sent(4, 2, 2))).toEqual(['arrived', 'arrived', 'missing'])
})
test('a term counts from its first heartbeat, which names nothing', () => {
  expect(play(begun(1, 0), 1, 3, sent(3, 3))).toEqual(['nothing-said', 'missing'])
  expect(play(begun(1, 0), begun(1, 0), 1, 2, sent(2, 2), begun(1, 0), 3, sent(3, 3))).toEqual([
    'nothing-said',
    'nothing-said',
    'arrived',
    'amid',
    'arrived',
  ])
  expect(play(1, sent(1, 1), begun(2, 1), 3, sent(3, 2, 2))).toEqual(['arrived', 'nothing-said', 'missing'])
})
test('another term whose first heartbeat is lost too: fewer than it sent', () => {
  expect(play(1, sent(1, 1), 2, 5, sent(5, 3, 2))).toEqual(['arrived', 'missing'])
})
test('another relay sends again what had no confirm, or what was confirmed and not noted: no hole', () => {
  expect(play(1, sent(1, 1), 2, 3, begun(2, 1), 2, 3, 4, sent(4, 3, 2))).toEqual([
    'arrived',
    'amid',
    'arrived',
  ])
  expect(play(1, 2, sent(2, 2), begun(2, 1), 2, 3, sent(3, 2, 2))).toEqual(['arrived', 'amid', 'arrived'])
  expect(play(1, 2, sent(2, 2), 2, 3, sent(3, 2, 2), 4, sent(4, 3, 2))).toEqual([
    'arrived',
    'arrived',
    'arrived',
  ])
})
test('a relay that stood still past its lease and wakes up: no hole', () => {
  expect(
    play(1, sent(1, 1), begun(2, 1), 2, 3, sent(1, 1, 1), sent(3, 2, 2), 4, sent(3, 2, 1), sent(4, 3, 2)),
  ).toEqual(['arrived', 'nothing-said', 'amid', 'arrived', 'amid', 'arrived'])
  expect(play(1, sent(1, 1), begun(2, 1), sent(1, 1, 1), 2, sent(2, 1, 2))).toEqual([
    'arrived',
    'nothing-said',
    'arrived',
    'arrived',
  ])
})
test('what could not be counted is no hole', () => {
  expect(play(1, sent(1, 1), 'blur', 3, sent(3, 3), sent(4, 4))).toEqual(['arrived', 'arrived', 'missing'])
})
test('a heartbeat that says nothing finds nothing', () => {
  expect(createWitness().judge({ last: undefined, term: 1, cursor: 0 }).kind).toBe('nothing-said')
})
