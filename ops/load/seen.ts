import { type Histogram, merged, quantileSeconds } from './histogram.ts'
import type { Sample } from './sampler.ts'

/** What the sampler saw in that second. */
export interface Seen {
  cores: Record<string, number>
  coresBusy: number
  rssMb: Record<string, number>
  backlogEvents: number | undefined
  lagMs: number | undefined
  visibleP50Ms: number | undefined
  visibleP99Ms: number | undefined
}

/** Samples are taken about once a second, not on it. */
const NEAR_MS = 500

export const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000)

/** The sample over that second: each is about the time since the one before, however long that was. */
export function seenUntil(endMs: number, samples: readonly Sample[]): Partial<Seen> {
  const sample = samples.find(({ timeMs }) => timeMs >= endMs - NEAR_MS)
  if (!sample) return {}
  const { cores, coresBusy, rssMb, backlogEvents, lagSeconds, visible } = sample
  const at = (percent: number) => ms(visible && quantileSeconds(visible, percent))
  return {
    cores,
    coresBusy,
    rssMb,
    backlogEvents,
    lagMs: ms(lagSeconds),
    visibleP50Ms: at(50),
    visibleP99Ms: at(99),
  }
}

/** Over all of them. */
export function visibleOf(samples: readonly Sample[]): { p50Ms: number; p99Ms: number } | undefined {
  const histograms = samples
    .map(({ visible }) => visible)
    .filter((one): one is Histogram => one !== undefined)
  const total = merged(histograms)
  const [p50, p99] = [quantileSeconds(total, 50), quantileSeconds(total, 99)]
  return p50 === undefined || p99 === undefined ? undefined : { p50Ms: p50 * 1_000, p99Ms: p99 * 1_000 }
}
