import { percentile } from '../report/numbers.ts'
import type { Point, Request, Visible } from './points.ts'

export interface Latency {
  p50: number
  p95: number
  p99: number
  p999: number
  max: number
}

/** Of one second, counted from the first; of a long run, of so many from there on, each with the same part of them. */
export interface Second {
  at: number
  spanS: number
  answered: number
  failed: number
  dropped: number
  latencyMs: Latency | undefined
  /** From a write's answer to its being read by its token. */
  visibleMs: Latency | undefined
}

export interface Group {
  name: string
  answered: number
  failed: number
  latencyMs: Latency | undefined
  /** How often each status came, where it was not the one that was wanted; 0 is no answer. */
  failures: Record<string, number>
  /** Until writes were read by their tokens, since they were sent and since they were answered. */
  visibleMs: Record<Visible['since'], Latency | undefined>
  /** Such writes. */
  visible: number
  /** The rate, where that is the scenario's own. */
  offered: number | undefined
}

/** A curve of more points is a band. */
const SHOWN_MAX = 300

/** What a run's requests were like: by second, by route, and by scenario. */
export class Timeline {
  private readonly seconds = new Map<number, Bucket>()
  private readonly routes = new Map<string, Bucket>()
  private readonly scenarios = new Map<string, Bucket>()
  private readonly all = new Bucket()
  private firstMs: number | undefined
  private lastMs = 0

  add(point: Point): void {
    this.firstMs ??= point.timeMs
    this.lastMs = Math.max(this.lastMs, point.timeMs)
    // Points come nearly in order: what was a moment before the first counts to the first second.
    const second = Math.max(0, Math.floor((point.timeMs - this.firstMs) / 1_000))
    const buckets = [this.all, of(this.seconds, second), of(this.scenarios, point.scenario)]
    if (point.kind === 'request') buckets.push(of(this.routes, point.name))
    for (const bucket of buckets) bucket.add(point)
  }

  /** By the clock of the wall; undefined without points. */
  get startMs(): number | undefined {
    return this.firstMs
  }

  get endMs(): number {
    return this.lastMs
  }

  get total(): Group & { dropped: number } {
    return { ...this.all.group('all'), dropped: this.all.dropped }
  }

  /**
   * Each whole second, also those in which nothing came; the last one is not whole, and left out. Where there are more
   * than a chart can show, so many of them are one.
   */
  bySecond(shownMax = SHOWN_MAX): Second[] {
    const seconds = Math.floor((this.lastMs - (this.firstMs ?? this.lastMs)) / 1_000)
    const spanS = Math.max(1, Math.ceil(seconds / shownMax))
    return Array.from({ length: Math.floor(seconds / spanS) }, (_, n) => {
      const at = n * spanS
      const bucket = new Bucket()
      for (let second = at; second < at + spanS; second++) bucket.join(this.seconds.get(second))
      const { answered, failed, latencyMs, visibleMs } = bucket.group('')
      return {
        at,
        spanS,
        answered: answered / spanS,
        failed: failed / spanS,
        dropped: bucket.dropped / spanS,
        latencyMs,
        visibleMs: visibleMs.answer,
      }
    })
  }

  byRoute(): Group[] {
    return groups(this.routes)
  }

  byScenario(): Group[] {
    return groups(this.scenarios)
  }
}

export function latencyOf(durationsMs: number[]): Latency | undefined {
  const sorted = Float64Array.from(durationsMs).sort()
  if (sorted.length === 0) return undefined
  const at = (percent: number) => percentile(sorted, percent)!
  return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max: sorted.at(-1)! }
}

class Bucket {
  dropped = 0
  private failed = 0
  private offered: number | undefined
  private readonly visibleMs: Record<Visible['since'], number[]> = { request: [], answer: [] }
  private readonly durationsMs: number[] = []
  private readonly failures: Record<string, number> = {}

  add(point: Point): void {
    switch (point.kind) {
      case 'dropped':
        this.dropped += point.count
        return
      case 'visible':
        this.offered ??= point.offered
        this.visibleMs[point.since].push(point.durationMs)
        return
      case 'request':
        this.offered ??= point.offered
        return this.addRequest(point)
      default:
        return point satisfies never
    }
  }

  join(other: Bucket | undefined): void {
    if (!other) return
    this.dropped += other.dropped
    this.failed += other.failed
    for (const ms of other.durationsMs) this.durationsMs.push(ms)
    for (const since of ['request', 'answer'] as const)
      for (const ms of other.visibleMs[since]) this.visibleMs[since].push(ms)
  }

  group(name: string): Group {
    const { failed, durationsMs, failures, offered, visibleMs } = this
    return {
      name,
      failed,
      failures,
      answered: durationsMs.length - failed,
      latencyMs: latencyOf(durationsMs),
      visible: visibleMs.answer.length,
      visibleMs: { request: latencyOf(visibleMs.request), answer: latencyOf(visibleMs.answer) },
      offered,
    }
  }

  private addRequest({ durationMs, isOk, status }: Request): void {
    this.durationsMs.push(durationMs)
    if (isOk) return
    this.failed++
    this.failures[status] = (this.failures[status] ?? 0) + 1
  }
}

function of<K>(buckets: Map<K, Bucket>, key: K): Bucket {
  let bucket = buckets.get(key)
  if (!bucket) buckets.set(key, (bucket = new Bucket()))
  return bucket
}

const groups = (buckets: Map<string, Bucket>) =>
  [...buckets].map(([name, bucket]) => bucket.group(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
