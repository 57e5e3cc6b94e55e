import { Incomplete, type Sample } from './comparison.ts'

export interface UntilOptions {
  readonly lookMs?: number
  /** The clock starts when the first of it is seen to be done, and that does not count: a start is another row's. */
  readonly fromFirst?: boolean
  /** It need not be all: so long after the clock's start it is told how far it came. */
  readonly limitMs?: number
}

const LOOK_MS = 10
const PROGRESS_MS = 100
const PATIENCE_MS = 60_000

/**
 * Looks again and again how much is done, until it is all.
 * @throws Incomplete where a minute brings nothing more
 */
export async function untilDone(
  count: number,
  done: () => Promise<number>,
  { lookMs = LOOK_MS, fromFirst = false, limitMs }: UntilOptions = {},
): Promise<Pick<Sample, 'count' | 'elapsedMs'> & { progress: [number, number][] }> {
  let startedAt = performance.now()
  const progress: [number, number][] = [[0, 0]]
  let [cameAt, last, before] = [startedAt, 0, 0]
  for (;;) {
    const now = await done()
    const at = performance.now()
    // What is all there at the first look has no other clock than ours.
    if (fromFirst && last === 0 && now > 0 && now < count) [startedAt, before] = [at, now]
    if (now > last) [cameAt, last] = [at, now]
    if (now >= count || at - startedAt - progress.at(-1)![0] > PROGRESS_MS)
      progress.push([Math.round(at - startedAt), now])
    if (limitMs !== undefined && last > 0 && at - startedAt >= limitMs)
      return { count: now - before, elapsedMs: at - startedAt, progress }
    if (now >= count) return { count: count - before, elapsedMs: at - startedAt, progress }
    if (at - cameAt > PATIENCE_MS) throw new Incomplete(`${now} of ${count} after a minute without any more`)
    await Bun.sleep(lookMs)
  }
}
