import type { History } from './history.ts'
import type { Mark } from './scene.ts'

/** One second of a run, as the page shows it. */
export interface Second {
  readonly at: number
  readonly acknowledged: number
  /** Answered 5xx or not at all. */
  readonly failed: number
  readonly reads: number
  readonly backlogEvents: number | null
  readonly lagSeconds: number | null
}

export interface Timeline {
  readonly seconds: readonly Second[]
  readonly marks: readonly { readonly at: number; readonly text: string }[]
}

export function timelineOf(
  history: Pick<History, 'writes' | 'probes' | 'looks' | 'convergence'>,
  { startedMs, marks }: { startedMs: number; marks: readonly Mark[] },
): Timeline {
  const { agreedMs, healedMs } = history.convergence
  const count = Math.max(1, Math.ceil(((agreedMs ?? healedMs) - startedMs) / 1_000))
  const secondOf = (atMs: number) => Math.min(count - 1, Math.max(0, Math.floor((atMs - startedMs) / 1_000)))
  const seconds = Array.from({ length: count }, (_, at) => ({
    at,
    acknowledged: 0,
    failed: 0,
    reads: 0,
    backlogEvents: null as number | null,
    lagSeconds: null as number | null,
  }))
  for (const { status, endedMs } of history.writes.flatMap(({ attempts }) => attempts)) {
    const second = seconds[secondOf(endedMs)]!
    if (status >= 200 && status < 300) second.acknowledged++
    else if (status === 0 || status >= 500) second.failed++
  }
  for (const { endedMs } of history.probes) seconds[secondOf(endedMs)]!.reads++
  for (const { atMs, backlogEvents, lagSeconds } of history.looks) {
    const second = seconds[secondOf(atMs)]!
    if (backlogEvents !== undefined) second.backlogEvents = Math.max(second.backlogEvents ?? 0, backlogEvents)
    if (lagSeconds !== undefined) second.lagSeconds = Math.max(second.lagSeconds ?? 0, lagSeconds)
  }
  return { seconds, marks: marks.map(({ atMs, text }) => ({ at: (atMs - startedMs) / 1_000, text })) }
}
