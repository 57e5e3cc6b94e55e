import type { Tail } from './figures.ts'

/** What was measured of one contender, once. */
export interface Sample {
  /** What was done, of which all was found complete and right afterwards. */
  readonly count: number
  readonly elapsedMs: number
  /** CPU in that time, by part: milliseconds. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Of one operation, where each was timed; milliseconds. */
  readonly latencyMs?: Tail
  /** Done so far, about ten times a second, from the start. */
  readonly progress?: readonly (readonly [atMs: number, done: number])[]
  /** Resident at the end, by part: MB. */
  readonly rssMb?: Readonly<Record<string, number>>
}

/** Ours, its raw twin, or something to stand beside them. */
export interface Contender {
  readonly name: string
  /** Somebody else's: where it fails it is told, and the others go on without it. */
  readonly isPeer?: boolean
  /**
   * One repetition, from a state that does not depend on the ones before.
   * @throws Incomplete where something was lost, doubled or out of order: such a run has no figure
   */
  measure(): Promise<Sample>
}

export class Incomplete extends Error {
  override readonly name = 'Incomplete'
}

export interface Target {
  /** Of ours by the limit's: at least so much where higher is better, else at most. */
  readonly ratio: number
  /** Of ours alone, where lower is better. */
  readonly below?: number
}

/** A row of the table: what is read from the samples of two contenders. */
export interface RowSpec {
  readonly name: string
  readonly title: string
  readonly unit: 'a second' | 'ms' | 'MB'
  readonly better: 'higher' | 'lower'
  /** Left out where a row is for looking at. */
  readonly target?: Target
  /** A contender's name. */
  readonly ours: string
  /** The raw twin's name: without its figure of the same run there is no row. */
  readonly limit: string
  readonly beside?: readonly string[]
  of(sample: Sample): number
  /** By what the rows of one question differ, for the curves of cost against size. */
  readonly size?: number
}

/** Contenders that take turns, and the rows that come of it. */
export interface Comparison {
  readonly contenders: readonly Contender[]
  readonly rows: readonly RowSpec[]
  /** Where a repetition takes too long for as many as the others. */
  readonly repetitionsMax?: number
}

export const perSecond = ({ count, elapsedMs }: Sample): number => (count * 1_000) / elapsedMs
