import exec from 'k6/execution'
import type { Scenario } from 'k6/options'
import { constantRate } from './shape.ts'

export interface Step {
  name: string
  rate: number
  scenario: Scenario
}

/** Between two steps, so that none inherits what the one before left in the queues. */
const PAUSE_S = 2
/** The part of a step in which connections are made and queues fill; it does not count. */
const WARM_PART = 0.25

/** One fixed rate after the other, each a scenario of its own. */
export function stepsAt(rates: readonly number[], stepS: number): Step[] {
  return rates.map((rate, n) => ({
    name: `step_${String(n + 1).padStart(2, '0')}_at_${rate}`,
    rate,
    scenario: {
      ...constantRate({ rate, durationS: stepS, isFixed: true }),
      startTime: `${n * (stepS + PAUSE_S)}s`,
      gracefulStop: `${PAUSE_S}s`,
      tags: { offered: String(rate) },
    },
  }))
}

/** Asked as a journey begins: whether it counts, which every figure of it is tagged with. */
export function isWarm(stepS: number): boolean {
  const warm = Date.now() - exec.scenario.startTime > stepS * 1_000 * WARM_PART
  exec.vu.metrics.tags['phase'] = warm ? 'steady' : 'warming'
  return warm
}
