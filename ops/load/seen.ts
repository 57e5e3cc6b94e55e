import { type Histogram, merged, quantileSeconds } from './histogram.ts'
import { sum } from '../report/numbers.ts'
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

/** The sample over that second, or over so many: each is about the time since the one before, however long that was. */
export function seenUntil(endMs: number, samples: readonly Sample[], spanS = 1): Partial<Seen> {
  const over = Array.from({ length: spanS }, (_, n) => {
    const secondsEndMs = endMs - n * 1_000
    return samples.find(({ timeMs }) => timeMs >= secondsEndMs - NEAR_MS)
  })
  const sample = joined([...new Set(over)].filter((one) => one !== undefined).toReversed())
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

/** What was used is a mean, what was waiting the worst, and what was held the last. */
function joined(samples: readonly Sample[]): Sample | undefined {
  const last = samples.at(-1)
  if (!last || samples.length === 1) return last
  const mean = (of: (sample: Sample) => number) => sum(samples.map(of)) / samples.length
  const worst = (of: (sample: Sample) => number | undefined) => {
    const known = samples.map(of).filter((one) => one !== undefined)
    return known.length > 0 ? Math.max(...known) : undefined
  }
  const visible = samples.map((one) => one.visible).filter((one) => one !== undefined)
  return {
    ...last,
    cores: Object.fromEntries(
      Object.keys(last.cores).map((name) => [name, mean(({ cores }) => cores[name] ?? 0)]),
    ),
    coresBusy: mean(({ coresBusy }) => coresBusy),
    backlogEvents: worst(({ backlogEvents }) => backlogEvents),
    lagSeconds: worst(({ lagSeconds }) => lagSeconds),
    visible: visible.length > 0 ? merged(visible) : undefined,
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
