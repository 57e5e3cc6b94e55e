import { byPreference } from './rendezvous.ts'

/** What a replica's projector says of itself, every second or so. */
export interface Member {
  readonly replica: string
  /** Another process of the same name has another. */
  readonly run: string
  /** Rises with every report: that it does not stand still is the sign of life, and needs no common clock. */
  readonly beat: number
  /** Queues that it consumes, active or standing by, with nothing in its way. */
  readonly queues: readonly string[]
}

/** A queue of this process. */
export interface OwnQueue {
  readonly queue: string
  /** Since when the broker delivers to this process; undefined while it stands by. */
  readonly activeSinceMs: number | undefined
  readonly isWell: boolean
}

/**
 * Which partition this process is to give up, so that each ends at the replica that the hash prefers. Pure but for what
 * it remembers; all times are of one clock that never steps.
 *
 * The broker gives a queue to its consumers in the order of their subscription. Whoever has one that another live
 * replica is preferred for closes its channel and subscribes again, behind all others: after at most as many hand-overs
 * as there are other replicas the preferred one has it, and keeps it.
 */
export interface Balance {
  /** @param members as the store has them, this process among them or not */
  look(members: readonly Member[], nowMs: number): void
  /** The store does not say who lives: nothing moves, and what was known has to show itself anew. */
  blind(): void
  /** @returns one queue at the most, which is taken to be given up */
  decide(own: readonly OwnQueue[], nowMs: number): OwnQueue | undefined
  /** Those that have not moved for so long that nobody waits for them. */
  gone(nowMs: number): readonly Member[]
}

export interface BalanceTimes {
  /** Between two looks. */
  readonly lookMs: number
  /** A replica whose report does not rise for so long takes nothing. */
  readonly liveMs: number
  /** The replicas on a queue must have been the same for so long: one that comes or goes causes no storm. */
  readonly calmMs: number
  /** A replica keeps what it was given for so long at least. */
  readonly holdMs: number
  /** Before the same is given to the same process again, which did not keep it; twice as long each time. */
  readonly againMs: number
}

export const balanceTimes: BalanceTimes = {
  lookMs: 1_000,
  liveMs: 5_000,
  calmMs: 5_000,
  holdMs: 3_000,
  againMs: 15_000,
}
const doublingsMax = 5
const goneMs = 600_000

export function createBalance(
  replica: string,
  times: BalanceTimes = balanceTimes,
  random: () => number = Math.random,
): Balance {
  const sightings = new Map<string, Sighting>()
  const courses = new Map<string, Course>()

  const isLive = ({ livedAtMs }: Sighting, nowMs: number) =>
    livedAtMs !== undefined && nowMs - livedAtMs <= times.liveMs

  /** The others that could take a queue, the preferred one first. */
  function takers(queue: string, nowMs: number): Member[] {
    const prefer = byPreference(queue)
    return [...sightings.values()]
      .filter((sighting) => isLive(sighting, nowMs) && sighting.member.queues.includes(queue))
      .map(({ member }) => member)
      .toSorted((a, b) => prefer(a.replica, b.replica))
  }

  function follow(queue: string, others: readonly Member[], nowMs: number): Course {
    const known = courses.get(queue)
    const view = others.map(({ run }) => run).join(' ')
    if (known?.view === view) return known
    // Not the same for all, or all would act at once.
    const calmAtMs = nowMs + times.calmMs * (1 + random() / 2)
    const course = { view, calmAtMs, given: known?.given }
    courses.set(queue, course)
    return course
  }

  return {
    look(members, nowMs) {
      const present = new Set(members.map((member) => member.replica))
      for (const name of sightings.keys()) if (!present.has(name)) sightings.delete(name)
      for (const member of members) {
        if (member.replica === replica) continue
        const known = sightings.get(member.replica)
        const isSame = known?.member.run === member.run
        if (known && isSame && known.member.beat === member.beat) continue
        // A first sight proves nothing: it may have been dead for long.
        sightings.set(member.replica, { member, seenAtMs: nowMs, livedAtMs: isSame ? nowMs : undefined })
      }
    },
    blind() {
      sightings.clear()
      for (const [queue, { given }] of courses) courses.set(queue, { view: '', calmAtMs: Infinity, given })
    },
    decide(own, nowMs) {
      const mine = new Set(own.map(({ queue }) => queue))
      for (const queue of courses.keys()) if (!mine.has(queue)) courses.delete(queue)
      const due = own.filter(({ queue, activeSinceMs, isWell }) => {
        const others = takers(queue, nowMs)
        const { calmAtMs, given } = follow(queue, others, nowMs)
        const [best] = others
        if (best === undefined || byPreference(queue)(replica, best.replica) < 0) return false
        if (!isWell || activeSinceMs === undefined || nowMs - activeSinceMs < times.holdMs) return false
        return nowMs >= calmAtMs && (given?.run !== best.run || nowMs >= given.againAtMs)
      })
      // One at a time, and the one first that has waited longest since it was given up last.
      const next = due.toSorted((a, b) => givenAtMs(a.queue) - givenAtMs(b.queue))[0]
      if (next) give(next.queue, nowMs)
      return next
    },
    gone: (nowMs) =>
      [...sightings.values()].filter(({ seenAtMs }) => nowMs - seenAtMs > goneMs).map(({ member }) => member),
  }

  function givenAtMs(queue: string): number {
    return courses.get(queue)?.given?.againAtMs ?? 0
  }

  function give(queue: string, nowMs: number): void {
    const course = courses.get(queue)!
    const { run } = takers(queue, nowMs)[0]!
    const before = course.given?.run === run ? course.given.count : 0
    const waitMs = times.againMs * 2 ** Math.min(before, doublingsMax)
    courses.set(queue, { ...course, given: { run, count: before + 1, againAtMs: nowMs + waitMs } })
  }
}

interface Sighting {
  readonly member: Member
  /** When its report changed last, as far as this process saw. */
  readonly seenAtMs: number
  /** When it showed to be alive; undefined before. */
  readonly livedAtMs: number | undefined
}

interface Course {
  /** The other replicas' runs. */
  readonly view: string
  readonly calmAtMs: number
  /** To whom the queue was given up last, how often in a row, and when that may happen again. */
  readonly given: { readonly run: string; readonly count: number; readonly againAtMs: number } | undefined
}
