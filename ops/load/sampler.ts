import { authorization } from '../tokens.ts'
import { aborted } from '../interruption.ts'
import { samples } from '../live-figures.ts'
import { sum } from '../report/numbers.ts'
import { type Histogram, histogramOf, subtracted } from './histogram.ts'
import type { Part } from './parts.ts'
import { busyMs, processTable, treeOf } from './proc.ts'

/** Where the processes tell their figures: all replicas of each. */
export type MetricUrls = Record<'command' | 'relay' | 'query', string[]>

/** What was seen about once a second, beside the load. */
export interface Sample {
  timeMs: number
  /** Cores in use since the sample before, by part. */
  cores: Record<string, number>
  /** Of the whole machine, whoever used them. */
  coresBusy: number
  /** Resident memory, by part. */
  rssMb: Record<string, number>
  /** Events in the outbox that the broker has not confirmed. */
  backlogEvents: number | undefined
  /** The age of the oldest event that was delivered and is not in the store. */
  lagSeconds: number | undefined
  /** From the commit to the read side, of the events that arrived since the sample before. */
  visible: Histogram | undefined
}

const INTERVAL_MS = 1_000
const TIMEOUT_MS = 800

export interface Sampler {
  readonly samples: readonly Sample[]
  add(part: Part): void
  stop(): Promise<void>
}

export function startSampler(
  parts: readonly Part[],
  urls: MetricUrls,
  onSample: (sample: Sample) => void,
): Sampler {
  const watched = [...parts]
  const taken: Sample[] = []
  const stopping = new AbortController()
  const ended = aborted(stopping.signal)
  const run = async () => {
    let before = await observe(watched, urls)
    while (!stopping.signal.aborted) {
      await Promise.race([Bun.sleep(INTERVAL_MS), ended])
      const now = await observe(watched, urls)
      const sample = difference(before, now)
      taken.push(sample)
      onSample(sample)
      before = now
    }
  }
  const running = run()
  return {
    samples: taken,
    add: (part) => void watched.push(part),
    async stop() {
      stopping.abort()
      await running
    },
  }
}

interface Observation {
  timeMs: number
  cpuMs: Map<string, number>
  rssMb: Record<string, number>
  busyMs: number
  backlogEvents: number | undefined
  lagSeconds: number | undefined
  visible: Histogram | undefined
}

async function observe(parts: readonly Part[], urls: MetricUrls): Promise<Observation> {
  const table = processTable()
  const cpuMs = new Map<string, number>()
  const rssMb: Record<string, number> = {}
  for (const { name, root } of parts) {
    const tree = treeOf(root, table)
    cpuMs.set(name, (cpuMs.get(name) ?? 0) + sum(tree.map((row) => row.cpuMs)))
    rssMb[name] = (rssMb[name] ?? 0) + sum(tree.map((row) => row.rssBytes)) / 1e6
  }
  const observed = { timeMs: Date.now(), cpuMs, rssMb, busyMs: busyMs() }
  const [relays, queries] = await Promise.all([textsOf(urls.relay), textsOf(urls.query)])
  const backlogs = relays.flatMap((text) => samples(text, 'relay_backlog_events'))
  const lags = queries.flatMap((text) => samples(text, 'projector_lag_seconds'))
  return {
    ...observed,
    // One of several relays knows; the others stand by.
    backlogEvents: backlogs.length > 0 ? Math.max(...backlogs) : undefined,
    lagSeconds: lags.length > 0 ? Math.max(...lags) : undefined,
    visible:
      queries.length > 0 ? histogramOf(queries.join('\n'), 'projector_visible_latency_seconds') : undefined,
  }
}

function difference(before: Observation, now: Observation): Sample {
  const elapsedMs = now.timeMs - before.timeMs
  const used = [...now.cpuMs].map(
    ([name, ms]) => [name, (ms - (before.cpuMs.get(name) ?? ms)) / elapsedMs] as const,
  )
  return {
    timeMs: now.timeMs,
    cores: Object.fromEntries(used.map(([name, cores]) => [name, Math.max(0, cores)])),
    coresBusy: (now.busyMs - before.busyMs) / elapsedMs,
    rssMb: now.rssMb,
    backlogEvents: now.backlogEvents,
    lagSeconds: now.lagSeconds,
    visible: now.visible && before.visible && subtracted(now.visible, before.visible),
  }
}

/** What they tell, of those that answer. */
async function textsOf(origins: readonly string[]): Promise<string[]> {
  const answers = origins.map(async (origin) => {
    const answer = await fetch(`${origin}/metrics`, {
      headers: await authorization(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return answer.ok ? [await answer.text()] : []
  })
  return (await Promise.all(answers.map((answer) => answer.catch(() => [])))).flat()
}
