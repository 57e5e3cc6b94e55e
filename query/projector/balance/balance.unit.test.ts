import { describe, expect, test } from 'bun:test'
import { createBalance, type BalanceTimes, type Member } from './balance.ts'
import { byPreference } from './rendezvous.ts'

const times: BalanceTimes = {
  lookMs: 1_000,
  liveMs: 3_000,
  calmMs: 5_000,
  holdMs: 2_000,
  againMs: 10_000,
}
const queue = 'things-g1.p00of01'
/** The preferred one first. */
const [first, second, third] = ['a', 'b', 'c'].toSorted(byPreference(queue)) as [string, string, string]

type Look = readonly string[] | 'blind'
interface Own {
  readonly isActive?: boolean
  readonly isWell?: boolean
}
/**
 * One look a second, from second 1 on.
 * @param others who reports at each look, and consumes the queue; `x!` stands still, `x-` consumes nothing, `x2` is
 * another process of that name
 * @returns seconds at which the queue was given up
 */
function play(me: string, looks: readonly Look[], own: (second: number) => Own = () => ({})): number[] {
  const balance = createBalance(me, times, () => 0)
  const given: number[] = []
  for (const [index, look] of looks.entries()) {
    const nowMs = (index + 1) * 1_000
    if (look === 'blind') balance.blind()
    else {
      balance.look(
        look.map((name) => member(name, index)),
        nowMs,
      )
      const { isActive = true, isWell = true } = own(index + 1)
      const activeSinceMs = isActive ? 0 : undefined
      if (balance.decide([{ queue, activeSinceMs, isWell }], nowMs)) given.push(index + 1)
    }
  }
  return given
}
const member = (name: string, index: number): Member => ({
  replica: name[0]!,
  run: name.replace(/[!-]/, ''),
  beat: name.includes('!') ? 1 : index + 1,
  queues: name.includes('-') ? [] : [queue],
})
const steadily = (look: Look, times: number) => Array.from({ length: times }, () => look)

describe('a queue is given up', () => {
  test('once a replica that is preferred there has shown for some time that it lives', () => {
    // Alive from the second report on, and calm five seconds later.
    expect(play(second, steadily([first], 7))).toEqual([7])
  })
  test('also by the next, where it stands before the preferred one', () => {
    expect(play(third, steadily([first, second], 7))).toEqual([7])
    expect(play(second, steadily([first, third], 7))).toEqual([7])
  })
  test('to the same process again only after a while, which grows', () => {
    expect(play(second, steadily([first], 60))).toEqual([7, 17, 37])
  })
  test('to another process of that name as if for the first time', () => {
    expect(play(second, [...steadily([first], 8), ...steadily([`${first}2`], 8)])).toEqual([7, 15])
  })
  test('after it was kept for some time', () => {
    const balance = createBalance(second, times, () => 0)
    const given: number[] = []
    for (let nowMs = 1_000; nowMs <= 12_000; nowMs += 1_000) {
      balance.look([member(first, nowMs)], nowMs)
      const own = { queue, isWell: true, activeSinceMs: nowMs < 9_500 ? undefined : 9_500 }
      if (balance.decide([own], nowMs)) given.push(nowMs)
    }
    expect(given).toEqual([12_000])
  })
  test('one at a time, each in its turn', () => {
    const queues = Array.from({ length: 40 }, (_, index) => `things-g1.p${index}of40`)
    const theirs = queues.filter((name) => ['a', 'b'].toSorted(byPreference(name))[0] === 'b')
    const balance = createBalance('a', { ...times, againMs: 0 }, () => 0)
    const given: string[] = []
    for (let nowMs = 1_000; given.length < theirs.length; nowMs += 1_000) {
      balance.look([{ replica: 'b', run: 'b', beat: nowMs, queues }], nowMs)
      const own = queues.map((name) => ({ queue: name, activeSinceMs: 0, isWell: true }))
      const next = balance.decide(own, nowMs)
      if (next) given.push(next.queue)
    }
    expect(given.toSorted()).toEqual(theirs.toSorted())
  })
})

describe('a queue is kept', () => {
  const many = 30
  test('by the preferred one, and by one alone', () => {
    expect(play(first, steadily([second, third], many))).toEqual([])
    expect(play(second, steadily([third], many))).toEqual([])
    expect(play(second, steadily([], many))).toEqual([])
    // Its own report is nobody else.
    expect(play(second, steadily([second], many))).toEqual([])
  })
  test('where the preferred one has no consumer on it, is dead, or stops to report', () => {
    expect(play(second, steadily([`${first}-`], many))).toEqual([])
    expect(play(second, steadily([`${first}!`], many))).toEqual([])
    expect(play(second, [...steadily([first], 6), ...steadily([], many)])).toEqual([])
  })
  test('while replicas come and go', () => {
    const restless = Array.from({ length: many }, (_, index): Look =>
      index % 6 < 3 ? [first, third] : [first],
    )
    expect(play(second, restless)).toEqual([])
  })
  test('while the store does not say who lives, and for some time after', () => {
    expect(play(second, [...steadily([first], 6), ...steadily('blind', many)])).toEqual([])
    expect(play(second, [...steadily([first], 6), 'blind', ...steadily([first], 7)])).toEqual([14])
  })
  test('while this replica stands by, or something is in its way', () => {
    expect(play(second, steadily([first], many), () => ({ isActive: false }))).toEqual([])
    expect(play(second, steadily([first], 12), (at) => ({ isWell: at > 9 }))).toEqual([10])
  })
})

test('who has not moved for long is gone', () => {
  const balance = createBalance(second, times)
  balance.look([member(first, 1), member(third, 1)], 0)
  balance.look([member(first, 2), member(third, 1)], 600_001)
  expect(balance.gone(600_001)).toEqual([member(third, 1)])
})
