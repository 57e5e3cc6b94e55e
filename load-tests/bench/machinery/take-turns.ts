import type { Comparison, Contender, Sample } from './comparison.ts'
import type { Samples } from './result.ts'

export interface Turns {
  readonly repetitions: number
  readonly signal: AbortSignal
  onTurn(contender: Contender, repetition: number, repetitions: number): void
  onSample(contender: Contender, sample: Sample): void
  /** A peer has no figure; it takes no turn any more. */
  onFailure(contender: Contender, error: Error): void
}

/**
 * A B A B: whatever the machine does meanwhile meets each of them. One that was incomplete ends the comparison, since
 * there is no figure without it.
 * @throws what a contender throws, and the signal's reason
 */
export async function takeTurns(comparison: Comparison, turns: Turns): Promise<Samples> {
  const { contenders, repetitionsMax = Number.POSITIVE_INFINITY } = comparison
  const repetitions = Math.min(turns.repetitions, repetitionsMax)
  const taking = new Set(contenders)
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let repetition = 1; repetition <= repetitions; repetition++)
    for (const contender of taking) {
      turns.signal.throwIfAborted()
      turns.onTurn(contender, repetition, repetitions)
      try {
        const sample = await contender.measure()
        samples.get(contender.name)!.push(sample)
        turns.onSample(contender, sample)
      } catch (error) {
        if (!contender.isPeer || turns.signal.aborted) throw error
        samples.delete(contender.name)
        taking.delete(contender)
        turns.onFailure(contender, error as Error)
      }
    }
  return samples
}
