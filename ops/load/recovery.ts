import { duration } from './figures.ts'
import type { Budget } from './budgets.ts'
import type { Point } from './points.ts'
import { latencyOf } from './timeline.ts'

/** How one figure came back after the spike. */
export interface Recovery {
  what: string
  /** The worst second before the spike: up to here it is as before. */
  beforeMs: number
  /** The worst second from the spike's start on. */
  worstMs: number
  /** So long after the spike's end it was as before, and remained so for some seconds; undefined where it was not. */
  recoveredMs: number | undefined
}

interface Answer {
  timeMs: number
  durationMs: number
  isOk: boolean
}

/** Connections are made, and code is compiled: these seconds say nothing about before, where there are more. */
const WARM_S = 2
/** So many in a row must be as before: one quick second between slow ones is no recovery. */
const IN_A_ROW = 3

/** Follows a run of `spike.ts`: its scenarios are `before`, `spike`, `after` and, all the time, `probes`. */
export class Spike {
  private readonly answers: Answer[] = []
  private readonly visible: Answer[] = []
  private firstMs = Number.POSITIVE_INFINITY
  private fromMs = Number.POSITIVE_INFINITY
  private toMs = Number.POSITIVE_INFINITY

  add(point: Point): void {
    this.firstMs = Math.min(this.firstMs, point.timeMs)
    if (point.kind === 'visible' && point.since === 'answer') this.visible.push({ ...point, isOk: true })
    if (point.kind !== 'request') return
    const { scenario, timeMs, durationMs, isOk } = point
    if (scenario === 'probes') {
      // One that failed has no time until visible; it still must not count as quick.
      if (!isOk) this.visible.push(point)
      return
    }
    this.answers.push(point)
    if (scenario === 'spike') this.fromMs = Math.min(this.fromMs, timeMs - durationMs)
    if (scenario === 'after') this.toMs = Math.min(this.toMs, timeMs - durationMs)
  }

  /** Where it stands in the charts, in seconds. */
  get marks(): { x: number; text: string }[] {
    const at = (ms: number) => (ms - this.firstMs) / 1_000
    return [
      { x: at(this.fromMs), text: 'spike' },
      { x: at(this.toMs), text: 'over' },
    ].filter(({ x }) => Number.isFinite(x))
  }

  get recoveries(): Recovery[] {
    return [this.recovery('latency p95', this.answers), this.recovery('answer to visible p95', this.visible)]
  }

  private recovery(what: string, answers: Answer[]): Recovery {
    const { fromMs, toMs, firstMs } = this
    const seconds = p95BySecond(answers, toMs)
    const before = p95BySecond(
      answers.filter(({ timeMs }) => timeMs < fromMs),
      firstMs,
    )
    const since = p95BySecond(
      answers.filter(({ timeMs }) => timeMs >= fromMs),
      fromMs,
    )
    return {
      what,
      worstMs: Math.max(0, ...since.values()),
      ...recoveryOf(
        before.size > WARM_S
          ? [...before].filter(([at]) => at >= WARM_S).map(([, ms]) => ms)
          : [...before.values()],
        Array.from({ length: Math.max(0, ...seconds.keys()) + 1 }, (_, at) => seconds.get(at)),
      ),
    }
  }
}

/**
 * @param beforeMs of each second before
 * @param afterMs of each second after; undefined where nothing was answered, which is not as before
 */
export function recoveryOf(
  beforeMs: readonly number[],
  afterMs: readonly (number | undefined)[],
): Pick<Recovery, 'beforeMs' | 'recoveredMs'> {
  const limitMs = Math.max(0, ...beforeMs.filter(Number.isFinite))
  const isAsBefore = afterMs.map((ms) => ms !== undefined && ms <= limitMs)
  const first = isAsBefore.findIndex(
    (_, n) => n + IN_A_ROW <= isAsBefore.length && isAsBefore.slice(n, n + IN_A_ROW).every(Boolean),
  )
  return { beforeMs: limitMs, recoveredMs: first === -1 ? undefined : first * 1_000 }
}

/** That it comes back at all is asked; how soon is the figure. */
export const recoveryBudgets = (recoveries: readonly Recovery[]): Budget[] =>
  recoveries.map(({ what, beforeMs, recoveredMs }) => ({
    of: `${what} as before the spike`,
    limit: `again up to ${duration(beforeMs)}`,
    measured: recovered(recoveredMs),
    isMet: recoveredMs !== undefined,
  }))

/** By the second: what was so in the first one was so at once. */
export const recovered = (ms: number | undefined) =>
  ms === undefined ? 'not seen' : ms === 0 ? 'at once' : `${duration(ms)} after it`

/** Of each second from there on; endless where an answer was not the right one. */
function p95BySecond(answers: readonly Answer[], originMs: number): Map<number, number> {
  const seconds = Map.groupBy(
    answers.filter(({ timeMs }) => timeMs >= originMs),
    ({ timeMs }) => Math.floor((timeMs - originMs) / 1_000),
  )
  return new Map(
    [...seconds].map(([at, all]) => [
      at,
      all.every(({ isOk }) => isOk)
        ? latencyOf(all.map(({ durationMs }) => durationMs))!.p95
        : Number.POSITIVE_INFINITY,
    ]),
  )
}
