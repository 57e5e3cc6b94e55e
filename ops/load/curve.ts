import type { Completeness } from './completeness.ts'
import type { Measured } from './measure.ts'
import type { Step, Verdict } from './steps.ts'

export type Side = 'reads' | 'writes'

export interface CurveStep extends Step {
  /** What the load itself took, of the machine that it shares; undefined where no sample was taken. */
  k6Cores: number | undefined
}

/** One side with so many replicas, from the first step to the one that broke the budget. */
export interface Curve {
  side: Side
  replicas: number
  steps: CurveStep[]
  verdict: Verdict
  saturated: string
  seconds: Measured['seconds']
  completeness: Completeness
}

/** Why a curve ends where it does. */
export function endOf({ steps, verdict, saturated }: Pick<Curve, 'steps' | 'verdict' | 'saturated'>): string {
  if (steps.length === 0) return 'unknown: the first step ended before it was warm'
  return verdict.isBroken ? saturated : 'nothing yet: the last step kept the budget; try more --steps'
}
