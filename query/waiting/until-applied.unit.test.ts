import { describe, expect, test } from 'bun:test'
import { HttpProblem } from '../../shared/http/problem.ts'
import { waitFor } from '../../ops/wait.ts'
import { createWaitingRoom } from './room.ts'
import { createUntilApplied } from './until-applied.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const mark = { id, aggregateId: id, version: 3 }
const patient = { waitMs: 5_000, signal: new AbortController().signal }
const answerOf = (waiting: Promise<void>) =>
  waiting.then(
    () => 'applied',
    (error: unknown) => (error instanceof HttpProblem ? error.slug : error),
  )

/** A store in memory, and what tells of writes. */
function setUp({ places = 10 } = {}) {
  const stored = new Map<string, number>()
  const parkedNow = new Set<string>()
  const looks: (readonly string[])[] = []
  const told: string[] = []
  const room = createWaitingRoom(places)
  let tell: (collection: string, id: string, version: number) => void = () => {}
  let isAway = false
  const untilApplied = createUntilApplied({
    room,
    notices: { listen: (listener) => void (tell = listener) },
    async versions(ids) {
      looks.push(ids)
      if (isAway) throw new HttpProblem('unavailable')
      return new Map(stored)
    },
    parked: async () => new Set(parkedNow),
    serves: (collection) => collection === 'things_g1',
    onWaited: (outcome) => told.push(outcome),
  })
  return {
    stored,
    parkedNow,
    looks,
    told,
    room,
    untilApplied,
    tell: (collection: string, version: number) => tell(collection, id, version),
    setAway: (away: boolean) => (isAway = away),
    /** One look alone, and the one for all that follows. */
    waiting: () => waitFor(() => looks.length >= 2, { timeoutMs: 2_000, what: 'a wait' }),
  }
}

test('what is applied already is not waited for, a newer version or a tombstone as well', async () => {
  const { untilApplied, stored, looks } = setUp({ places: 0 })
  for (const version of [3, 4]) {
    stored.set(id, version)
    expect(await answerOf(untilApplied(mark, { ...patient, waitMs: 0 }))).toBe('applied')
  }
  expect(looks).toEqual([[id], [id]])
})

describe('what is not applied yet', () => {
  test('is told by the projector of this process, for the collection that serves and from the version on', async () => {
    const { untilApplied, tell, waiting, looks } = setUp()
    let outcome: unknown
    const answer = answerOf(untilApplied(mark, patient)).then((told) => (outcome = told))
    await waiting()
    tell('things_g2', 3)
    tell('things_g1', 2)
    const before = looks.length
    await waitFor(() => looks.length > before, { timeoutMs: 2_000, what: 'another look' })
    expect(outcome).toBeUndefined()
    tell('things_g1', 3)
    expect(await answer).toBe('applied')
  })
  test('is told between the first look and its answer', async () => {
    const { untilApplied, tell } = setUp()
    const answer = answerOf(untilApplied(mark, patient))
    tell('things_g1', 3)
    expect(await answer).toBe('applied')
  })
  test('is found in the store where another replica applies it, by one look for all who wait', async () => {
    const { untilApplied, stored, waiting, looks } = setUp({ places: 100 })
    const answers = Array.from({ length: 100 }, () => answerOf(untilApplied(mark, patient)))
    await waitFor(() => looks.length > 105, { timeoutMs: 2_000, what: 'looks' })
    await waiting()
    stored.set(id, 3)
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['applied']))
    // One each at first, and then one for all at each look.
    expect(looks.length).toBeLessThan(150)
  })
  test('is parked: 503 of its own, at once', async () => {
    const { untilApplied, parkedNow } = setUp()
    parkedNow.add(`${id} 2`)
    const startedAtMs = performance.now()
    const answer = answerOf(untilApplied(mark, patient))
    parkedNow.add(`${id} 3`)
    expect([await answer, performance.now() - startedAtMs < 2_000]).toEqual(['parked', true])
    expect(await answerOf(untilApplied(mark, { ...patient, waitMs: 0 }))).toBe('parked')
  })
  test('is not waited for longer than allowed', async () => {
    const { untilApplied } = setUp()
    for (const waitMs of [0, 50]) {
      const startedAtMs = performance.now()
      expect(await answerOf(untilApplied(mark, { ...patient, waitMs }))).toBe('not-yet-applied')
      expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(waitMs - 2)
    }
  })
  test('is waited for while the store is away, and found when it is back', async () => {
    const { untilApplied, stored, setAway, waiting, looks } = setUp()
    const answer = answerOf(untilApplied(mark, patient))
    await waiting()
    setAway(true)
    const before = looks.length
    await waitFor(() => looks.length > before + 2, { timeoutMs: 2_000, what: 'looks' })
    stored.set(id, 3)
    setAway(false)
    expect(await answer).toBe('applied')
    setAway(true)
    expect(await answerOf(untilApplied(mark, patient))).toBe('unavailable')
  })
})

describe('the places', () => {
  test('are bounded, and free again when somebody leaves', async () => {
    const { untilApplied, waiting } = setUp({ places: 1 })
    const leaving = new AbortController()
    const first = answerOf(untilApplied(mark, { ...patient, signal: leaving.signal }))
    await waiting()
    const begunAtMs = performance.now()
    expect(await answerOf(untilApplied(mark, patient))).toBe('not-yet-applied')
    leaving.abort()
    expect(await first).toBe('not-yet-applied')
    expect(performance.now() - begunAtMs).toBeLessThan(patient.waitMs / 2)
    const next = answerOf(untilApplied(mark, { ...patient, waitMs: 100 }))
    const startedAtMs = performance.now()
    await next
    expect(performance.now() - startedAtMs).toBeGreaterThan(90)
  })
  test('are left when the process stops, and not taken any more', async () => {
    const { untilApplied, room, waiting } = setUp()
    const answer = answerOf(untilApplied(mark, patient))
    await waiting()
    const stoppedAtMs = performance.now()
    await room.stop()
    expect(await answer).toBe('not-yet-applied')
    expect(await answerOf(untilApplied(mark, patient))).toBe('not-yet-applied')
    expect(performance.now() - stoppedAtMs).toBeLessThan(patient.waitMs / 2)
  })
  test('no look is made when nobody waits any more', async () => {
    const { untilApplied, tell, waiting, looks } = setUp()
    const answer = answerOf(untilApplied(mark, patient))
    await waiting()
    tell('things_g1', 3)
    await answer
    const settled = looks.length
    // As long as the loop can take to notice.
    await untilApplied({ ...mark, id: 'other' }, { ...patient, waitMs: 150 }).catch(() => {})
    expect(looks.slice(settled).flat()).not.toContain(id)
  })
})

test('every wait is told of, by how it ended', async () => {
  const { untilApplied, stored, parkedNow, setAway, room, told } = setUp({ places: 1 })
  const ends = async (how: string, waitMs: number, signal = patient.signal) => {
    await answerOf(untilApplied(mark, { waitMs, signal }))
    expect(told.at(-1)).toBe(how)
  }
  await ends('timed-out', 0)
  await ends('timed-out', 30)
  const reader = new AbortController()
  const waiting = ends('left', 5_000, reader.signal)
  await waitFor(() => room.size === 1, { timeoutMs: 2_000, what: 'a wait' })
  await ends('no-place', 5_000)
  reader.abort()
  await answerOf(waiting as Promise<void>)
  parkedNow.add(`${id} 3`)
  await ends('parked', 5_000)
  setAway(true)
  await ends('failed', 5_000)
  setAway(false)
  stored.set(id, 3)
  await ends('applied', 5_000)
})
