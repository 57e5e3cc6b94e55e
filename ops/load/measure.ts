import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '../stack/progress.ts'
import { type Budget, type Summary, budgetsOf } from './budgets.ts'
import { type Completeness, checkCompleteness } from './completeness.ts'
import { duration } from './figures.ts'
import { runK6 } from './k6.ts'
import { type Memory, memoryOf } from './memory.ts'
import type { Part } from './parts.ts'
import { type Point, readPoints } from './points.ts'
import { type Seen, ms, seenUntil, visibleOf } from './seen.ts'
import { readUser } from './read-user.ts'
import { type MetricUrls, type Sample, startSampler } from './sampler.ts'
import { type Group, type Second, Timeline } from './timeline.ts'

export interface Target {
  /** Over which the load is spread. */
  commandUrls: string[]
  queryUrls: string[]
  metrics: MetricUrls
  parts: Part[]
}

export interface Order {
  script: string
  k6: string
  target: Target
  env: Record<string, string | undefined>
  progress: Progress
  signal: AbortSignal
  onPoint?: (point: Point) => void
}

/** One run, with everything that its page shows. */
export interface Measured {
  script: string
  startedAt: string
  total: Group & { dropped: number }
  seconds: (Second & Partial<Seen>)[]
  routes: Group[]
  scenarios: Group[]
  budgets: Budget[]
  visible: { p50Ms: number; p99Ms: number } | undefined
  completeness: Completeness
  /** In the order in which the parts of the system are known; k6 comes last. */
  memory: Memory[]
  /** As they were taken, from the start of the load. */
  samples: Sample[]
}

const PATIENCE_MS = 30_000

export async function measure({
  script,
  k6,
  target,
  env,
  progress,
  signal,
  onPoint,
}: Order): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-load-'))
  const file = (name: string) => join(folder, name)
  const running = progress.step(script)
  const sampler = startSampler(target.parts, target.metrics, (sample) => running.note(noteOf(sample)))
  try {
    const startedAt = new Date().toISOString()
    await runK6({
      k6,
      script,
      env: { ...env, COMMAND_URL: target.commandUrls.join(','), QUERY_URL: target.queryUrls.join(',') },
      pointsFile: file('points.json.gz'),
      recordFile: file('record'),
      summaryFile: file('summary.json'),
      signal,
      onStart: (pid) => sampler.add({ name: 'k6', root: pid, isSingleThreaded: false }),
    })
    const loadEndedAtMs = Date.now()
    running.done('k6 has ended')
    const completeness = await complete(
      target,
      await readFile(file('record'), 'utf8'),
      loadEndedAtMs,
      progress,
      signal,
    )
    await sampler.stop()
    const timeline = new Timeline()
    await readPoints(file('points.json.gz'), (point) => {
      timeline.add(point)
      onPoint?.(point)
    })
    const startMs = timeline.startMs ?? 0
    const during = sampler.samples.filter(({ timeMs }) => timeMs >= startMs)
    return {
      script,
      startedAt,
      completeness,
      samples: during,
      memory: memoryOf(during.filter(({ timeMs }) => timeMs <= timeline.endMs)),
      total: timeline.total,
      routes: timeline.byRoute(),
      scenarios: timeline.byScenario(),
      seconds: timeline.bySecond().map((second) => {
        const endMs = startMs + (second.at + second.spanS) * 1_000
        return { ...second, ...seenUntil(endMs, during, second.spanS) }
      }),
      budgets: budgetsOf(JSON.parse(await readFile(file('summary.json'), 'utf8')) as Summary),
      visible: visibleOf(during),
    }
  } finally {
    await sampler.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function complete(
  { queryUrls }: Target,
  record: string,
  loadEndedAtMs: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Completeness> {
  const step = progress.step('completeness')
  const found = await checkCompleteness({
    record,
    loadEndedAtMs,
    signal,
    patienceMs: PATIENCE_MS,
    onProgress: (unread) => step.note(`${unread} users to be read`),
    read: readUser(queryUrls[0]!),
  })
  step.done(`${found.readable} of ${found.users} users readable`)
  return found
}

const noteOf = ({ backlogEvents, lagSeconds, coresBusy }: Sample) =>
  `backlog ${backlogEvents ?? '-'} · lag ${duration(ms(lagSeconds))} · ${coresBusy.toFixed(1)} cores busy`
