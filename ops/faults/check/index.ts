import { invariantNames, type History, type InvariantName } from '../history.ts'
import { counts, type Counts } from './counts.ts'
import { bounded, honesty } from './honesty.ts'
import { match } from './match.ts'
import { duplicates, order } from './order.ts'
import { convergence, exactlyOnce, noGhost, noLoss, noSkip, uniqueness } from './state.ts'
import { Findings, type Invariant } from './findings.ts'

export interface Verdict {
  readonly counts: Counts
  readonly invariants: Readonly<Record<InvariantName, Invariant>>
  readonly isGood: boolean
}

/**
 * Everything that can be said about a run from its records. Pure. An invariant that had nothing to be asked about is
 * not held against a run, and says so.
 */
export function check(history: History): Verdict {
  const matched = match(history)
  const checks: Readonly<Record<InvariantName, (found: Findings) => void>> = {
    I1: (found) => noLoss(matched, found),
    I2: (found) => noSkip(matched, found),
    I3: (found) => noGhost(matched, found),
    I4: (found) => exactlyOnce(matched, found),
    I5: (found) => order(matched, found),
    I6: (found) => convergence(matched, found),
    I7: (found) => duplicates(matched, found),
    I8: (found) => uniqueness(matched, found),
    I9: (found) => honesty(history, found),
    I10: (found) => bounded(history, found),
  }
  const invariants = {} as Record<InvariantName, Invariant>
  for (const name of invariantNames) {
    const found = new Findings()
    checks[name](found)
    for (const expectation of history.expectations)
      if (expectation.kind === 'fact' && expectation.invariant === name)
        found.expect(expectation.holds, () => expectation.text)
    invariants[name] = found.result
  }
  const total = counts(matched)
  const isGood =
    total.lost === 0 &&
    total.unexpected === 0 &&
    Object.values(invariants).every(({ state }) => state !== 'broken')
  return { counts: total, invariants, isGood }
}
