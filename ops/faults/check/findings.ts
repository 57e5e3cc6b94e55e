export interface Invariant {
  readonly state: 'held' | 'broken' | 'not asked'
  /** How many things it was asked about. */
  readonly asked: number
  readonly violations: number
  /** The first of them, in words. */
  readonly details: readonly string[]
}

const DETAILS = 5

/** What one invariant was asked about, and what was found wrong. */
export class Findings {
  private asked = 0
  private violations = 0
  private readonly details: string[] = []

  /** @param words only made where it does not hold */
  expect(holds: boolean, words: () => string): void {
    this.asked++
    if (holds) return
    this.violations++
    if (this.details.length < DETAILS) this.details.push(words())
  }

  get result(): Invariant {
    const { asked, violations, details } = this
    return { state: violations > 0 ? 'broken' : asked > 0 ? 'held' : 'not asked', asked, violations, details }
  }
}
