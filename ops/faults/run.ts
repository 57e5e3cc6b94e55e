import { delay } from '../../shared/process/backoff.ts'
import type { ServerName, Stack } from '../stack/index.ts'
import { check, type Verdict } from './check/index.ts'
import { nowMs } from './clock.ts'
import type { Convergence, Expectation, History, LogEvent, StoredUser } from './history.ts'
import { Client } from './load/client.ts'
import { Random } from './random.ts'
import { Scene } from './scene.ts'
import { type Timeline, timelineOf } from './timeline.ts'
import { ourSystem, type System, type SystemState } from './system.ts'
import { isBallast } from './world/ballast.ts'
import type { Topology } from './world/world.ts'
import { Watcher } from './world/watcher.ts'

export interface RunOptions {
  readonly stack: Stack
  /** What is put under the fault; ours where left out. */
  readonly system?: System
  /** Where a server's data is, for the faults that need to know. */
  readonly dirOf?: ((server: ServerName) => string) | undefined
  readonly topology: Topology
  /** Logs and records of the run's processes. */
  readonly dir: string
  readonly seed: number
  /** Of the load; longer where the fault takes longer. */
  readonly seconds: number
  readonly writesPerSecond: number
  readonly readsPerSecond: number
  readonly patienceMs: number
  /** From healing to agreement, at most. */
  readonly convergeMs: number
  /** The fault: injects and heals while the load goes on. */
  readonly script: (scene: Scene) => Promise<void>
  readonly signal: AbortSignal
  /** False for a client that knows no keys, and so tries each write once. */
  readonly hasKeys?: boolean
  /** What has not agreed by then never will: so long after nothing was left to be sent or taken. */
  readonly restMs?: number
}

export interface RunResult extends Verdict {
  readonly history: History
  readonly durationMs: number
  readonly timeline: Timeline
  /** From healing to agreement. */
  readonly convergedMs: number | undefined
}

/** Of any process, at these loads: three times what it takes at rest. */
const RESIDENT_MAX_MB = 600
const WINDOW_MAX = 1_000

/**
 * One run: real processes on real servers under open-loop load, one fault and its healing, then everything that the four
 * records say. @throws when the harness itself fails; a fault's findings are in the result
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { stack, seed, signal, system = ourSystem } = options
  const world = await system.start(stack, options.topology, options.dir)
  const watcher = new Watcher()
  const client = new Client({
    seed,
    run: world.places.name,
    writesPerSecond: options.writesPerSecond,
    readsPerSecond: options.readsPerSecond,
    commands: world.commands,
    queries: () =>
      world.queries.filter(({ isRunning }) => isRunning).map(({ lifeName: name, url }) => ({ name, url })),
    patienceMs: options.patienceMs,
    retryMs: 30_000,
    hasKeys: options.hasKeys ?? true,
  })
  const expectations: Expectation[] = [{ kind: 'bounded', what: 'residentMb', max: RESIDENT_MAX_MB }]
  const startedMs = nowMs()
  const scene = new Scene({
    world,
    client,
    random: new Random(seed * 7 + 1),
    startedMs,
    seconds: options.seconds,
    expectations,
    signal,
    dirOf: options.dirOf,
  })
  try {
    watcher.start(world.watched)
    client.start()
    const ended = delay(options.seconds * 1_000, signal)
    try {
      await options.script(scene)
    } finally {
      await scene.heal()
    }
    await ended
    signal.throwIfAborted()
    await client.stop()
    const convergence = await converge(() => system.state(world), {
      healedMs: Math.max(scene.healedMs, nowMs()),
      limitMs: options.convergeMs,
      restMs: options.restMs ?? Infinity,
      signal,
    })
    await watcher.stop()
    const { rows, log, replays, documents, versions } = await system.state(world)
    await scene.lastly(documents)
    const history: History = {
      writes: client.writes,
      probes: client.probes,
      failedProbes: client.failedProbes,
      rows,
      log,
      replays: replays.map((one) => ({ ...one, isExpected: scene.losesQueues })),
      publishes: system.publishes(world),
      documents: documents.filter(({ _id: id }) => !isBallast(id)),
      versions: versions?.filter(({ _id: id }) => !isBallast(id)),
      convergence,
      ends: world.ends,
      looks: watcher.looks,
      expectations,
      windowMax: Number(options.topology.settings?.['RELAY_WINDOW'] ?? WINDOW_MAX),
    }
    return {
      ...check(history),
      history,
      durationMs: nowMs() - startedMs,
      timeline: timelineOf(history, { startedMs, marks: scene.marks }),
      convergedMs:
        convergence.agreedMs === undefined ? undefined : convergence.agreedMs - convergence.healedMs,
    }
  } finally {
    await client.stop()
    await watcher.stop()
    await world.stop()
  }
}

/** Waits until the read side shows the fold of the log, nothing is left to be sent and the queues are empty. */
async function converge(
  state: () => Promise<SystemState>,
  { healedMs, limitMs, restMs, signal }: ConvergeOptions,
): Promise<Convergence> {
  let last = { backlogEvents: -1, queued: {} as Record<string, number> }
  let restingSinceMs: number | undefined
  for (;;) {
    signal.throwIfAborted()
    try {
      const { log, documents, versions, replays, backlogEvents, queued } = await state()
      last = { backlogEvents, queued }
      const isEmpty =
        Object.values(queued).every((count) => count === 0) && replays.every(({ phase }) => phase === 'done')
      const isAtRest = backlogEvents <= 0 && isEmpty
      if (isAtRest && agrees(log, documents) && isWhole(log, versions))
        return { healedMs, agreedMs: nowMs(), limitMs, backlogEvents: 0, queued }
      restingSinceMs = isAtRest ? (restingSinceMs ?? nowMs()) : undefined
    } catch {
      // A server that is still on its way back: asked again until the limit.
    }
    const isHopeless = restingSinceMs !== undefined && nowMs() - restingSinceMs > restMs
    if (isHopeless || nowMs() - healedMs > limitMs) return { healedMs, limitMs, ...last }
    await delay(100, signal)
  }
}

interface ConvergeOptions extends Pick<Convergence, 'healedMs' | 'limitMs'> {
  readonly restMs: number
  readonly signal: AbortSignal
}

function agrees(log: readonly LogEvent[], documents: readonly StoredUser[]): boolean {
  const newest = new Map(log.map(({ aggregateId, version }) => [aggregateId, version]))
  const shown = new Map(
    documents.filter(({ _id: id }) => !isBallast(id)).map(({ _id: id, version }) => [id, version]),
  )
  return newest.size === shown.size && [...newest].every(([id, version]) => shown.get(id) === version)
}

/** One version for each event: which those are, the checker looks at. */
function isWhole(log: readonly LogEvent[], versions: readonly StoredUser[] | undefined): boolean {
  return versions === undefined || versions.filter(({ _id: id }) => !isBallast(id)).length === log.length
}
