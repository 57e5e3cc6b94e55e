import { type Latency, latencyOf } from './timeline.ts'
import type { Point, Request } from './points.ts'

/** One rate, and what the system made of it once it had warmed up. */
export interface Step {
  /** Journeys a second that were to begin. */
  offered: number
  /** Right answers a second that came. */
  achieved: number
  failed: number
  dropped: number
  latencyMs: Latency | undefined
  /** By the clock of the wall. */
  fromMs: number
  toMs: number
}

export interface Verdict {
  /** The last rate before the first that broke the budget; undefined when the very first did. */
  heldTo: number | undefined
  /** Where the latency begins to grow out of proportion; undefined where there is no such place. */
  knee: number | undefined
  /** The most right answers a second that came in any step. */
  ceiling: number
  /** Whether a step broke the budget: else the search ended before the system's end. */
  isBroken: boolean
}

interface Bucket {
  offered: number | undefined
  requests: Request[]
  dropped: number
}

/** Sorts a run's points into its steps, each of which is a scenario of its own. */
export class Steps {
  private readonly buckets = new Map<string, Bucket>()

  add(point: Point): void {
    let bucket = this.buckets.get(point.scenario)
    if (!bucket) this.buckets.set(point.scenario, (bucket = { offered: undefined, requests: [], dropped: 0 }))
    if (point.kind === 'dropped') bucket.dropped += point.count
    if (point.kind !== 'request') return
    if (point.phase === 'steady') bucket.requests.push(point)
    bucket.offered ??= point.offered
  }

  /** From the lowest rate to the highest; those that did not get warm are left out. */
  get steps(): Step[] {
    return [...this.buckets.values()]
      .filter(({ requests }) => requests.length > 0)
      .map(stepOf)
      .toSorted((a, b) => a.offered - b.offered)
  }
}

function stepOf({ offered = 0, requests, dropped }: Bucket): Step {
  let [fromMs, toMs, failed] = [Number.POSITIVE_INFINITY, 0, 0]
  for (const { timeMs, durationMs, isOk } of requests) {
    fromMs = Math.min(fromMs, timeMs - durationMs)
    toMs = Math.max(toMs, timeMs)
    if (!isOk) failed++
  }
  return {
    offered,
    achieved: ((requests.length - failed) * 1_000) / Math.max(1, toMs - fromMs),
    failed,
    dropped,
    latencyMs: latencyOf(requests.map(({ durationMs }) => durationMs)),
    fromMs,
    toMs,
  }
}

/** At least so much of the offered rate must have been answered. */
const KEEPS_UP = 0.95

export const holds = ({ offered, achieved, failed, dropped, latencyMs }: Step, budgetMs: number) =>
  failed === 0 && dropped === 0 && achieved >= offered * KEEPS_UP && (latencyMs?.p99 ?? 0) < budgetMs

/** @param steps from the lowest rate to the highest */
export function verdictOn(steps: readonly Step[], budgetMs: number): Verdict {
  const isBroken = steps.map((step) => !holds(step, budgetMs))
  // One that is followed by a faster one that holds was somebody else's doing.
  const broken = isBroken.findIndex((one, n) => one && isBroken[n + 1] !== false)
  return {
    heldTo: (broken === -1 ? steps.at(-1) : steps[broken - 1])?.offered,
    knee: broken === -1 ? undefined : kneeOf(steps),
    ceiling: Math.max(0, ...steps.map(({ achieved }) => achieved)),
    isBroken: broken !== -1,
  }
}

/**
 * As "Kneedle" has it (Satopää and others, 2011): on the curve of the p99 latency over the rate, both stretched to
 * 0 … 1, the step that lies furthest below the straight line from the first step to the last one. Below it a higher rate costs little latency, above it much.
 */
export function kneeOf(steps: readonly Step[]): number | undefined {
  const points = steps.map(({ offered, latencyMs }) => ({ x: offered, y: latencyMs?.p99 ?? 0 }))
  const [first, last] = [points[0], points.at(-1)]
  if (points.length < 3 || !first || !last || last.y <= first.y) return undefined
  const below = points.map(
    ({ x, y }) => (x - first.x) / (last.x - first.x) - (y - first.y) / (last.y - first.y),
  )
  const furthest = below.indexOf(Math.max(...below))
  return below[furthest]! > 0 ? points[furthest]!.x : undefined
}
