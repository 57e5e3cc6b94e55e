import type { Generations } from './generations/generations.ts'
import type { PipelineView } from './pipeline-view.ts'

export interface StalenessOptions {
  readonly view: Pick<PipelineView, 'heartbeats'>
  readonly serving: Generations['serving']
  readonly partitions: number
  /** Injected by tests: milliseconds of the wall clock and of one that never steps. */
  readonly clock?: { nowMs(): number; steadyMs(): number }
}

/**
 * By how many milliseconds a read model may be behind the log, at most: a heartbeat comes through the whole pipeline
 * behind whatever was committed before it, so the slowest partition's last one tells. Between two heartbeats the figure
 * grows although nothing is late.
 * @returns undefined before each partition had one
 */
export function createStaleness(options: StalenessOptions): (name: string) => number | undefined {
  const { view, serving, partitions, clock = clocks } = options
  const known = new Map<string, { readonly atMs: number; readonly lagMs: number | undefined }>()

  function measure(name: string): number | undefined {
    const now = serving(name)
    if (now instanceof Promise) return undefined
    const heartbeats = view.heartbeats().filter(({ group }) => group === now.model.group)
    if (heartbeats.length < partitions) return undefined
    // The relay's clock may be wrong: it can make the lag look longer, and never shorter than what was seen here.
    const lags = heartbeats.map(({ ageSeconds, time }) =>
      Math.max(ageSeconds * 1_000, clock.nowMs() - Date.parse(time)),
    )
    return Math.ceil(Math.max(...lags))
  }

  return (name) => {
    const steadyMs = clock.steadyMs()
    const last = known.get(name)
    if (last !== undefined && steadyMs - last.atMs < keptMs)
      return last.lagMs === undefined ? undefined : last.lagMs + Math.ceil(steadyMs - last.atMs)
    const lagMs = measure(name)
    known.set(name, { atMs: steadyMs, lagMs })
    return lagMs
  }
}

/** Thousands of reads a second ask. */
const keptMs = 100
const clocks = { nowMs: () => Date.now(), steadyMs: () => performance.now() }
