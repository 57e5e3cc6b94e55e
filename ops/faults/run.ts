import { queueName } from '../../shared/messaging/names.ts'
import { delay } from '../../shared/process/backoff.ts'
import type { Stack } from '../stack/index.ts'
import { check, type Verdict } from './check/index.ts'
import { nowMs } from './clock.ts'
import type { Convergence, Expectation, History, LogEvent, StoredUser } from './history.ts'
import { Client } from './load/client.ts'
import { Random } from './random.ts'
import { Scene } from './scene.ts'
import { type Timeline, timelineOf } from './timeline.ts'
import { queueDepths, readDocuments, readPublishes, readTables } from './world/records.ts'
import { startWorld, type Topology, type World } from './world/world.ts'
import { Watcher } from './world/watcher.ts'

export interface RunOptions {
  readonly stack: Stack
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
}

export interface RunResult extends Verdict {
  readonly durationMs: number
  readonly timeline: Timeline
  /** From healing to agreement. */
  readonly convergedMs: number | undefined
}

/** Of any process, at these loads: three times what it takes at rest. */
const RESIDENT_MAX_MB = 600
const COLLECTION = 'users_g1'
const GROUP = 'users-g1'
const WINDOW_MAX = 1_000

/**
 * One run: real processes on real servers under open-loop load, one fault and its healing, then everything that the four
 * records say. @throws when the harness itself fails; a fault's findings are in the result
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { stack, seed, signal } = options
  const world = await startWorld(stack, options.topology, options.dir)
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
  })
  try {
    watcher.start(world.replicas)
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
    const convergence = await converge(world, {
      healedMs: Math.max(scene.healedMs, nowMs()),
      limitMs: options.convergeMs,
      signal,
    })
    await watcher.stop()
    const { rows, log, replays } = await readTables(world.places)
    const history: History = {
      writes: client.writes,
      probes: client.probes,
      failedProbes: client.failedProbes,
      rows,
      log,
      replays: replays.map((one) => ({ ...one, isExpected: scene.losesQueues })),
      publishes: readPublishes(world.relays.flatMap(({ recordFiles }) => recordFiles)),
      documents: await readDocuments(world.places, COLLECTION),
      convergence,
      ends: world.ends,
      looks: watcher.looks,
      expectations,
      windowMax: Number(options.topology.settings?.['RELAY_WINDOW'] ?? WINDOW_MAX),
    }
    return {
      ...check(history),
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

/** Waits until the read side shows the fold of the log, the cursor stands at its head and the queues are empty. */
async function converge(
  world: World,
  { healedMs, limitMs, signal }: { healedMs: number; limitMs: number; signal: AbortSignal },
): Promise<Convergence> {
  const { partitions } = world.topology
  const queues = Array.from({ length: partitions }, (_, partition) => queueName(GROUP, partition, partitions))
  let last = { backlogEvents: -1, queued: {} as Record<string, number> }
  for (;;) {
    signal.throwIfAborted()
    try {
      const [{ log, cursor, replays }, documents, queued] = await Promise.all([
        readTables(world.places),
        readDocuments(world.places, COLLECTION),
        queueDepths(world.places.brokerUrl, queues),
      ])
      last = { backlogEvents: (log.at(-1)?.seq ?? 0) - cursor, queued }
      const isEmpty =
        Object.values(queued).every((count) => count === 0) && replays.every(({ phase }) => phase === 'done')
      if (last.backlogEvents <= 0 && isEmpty && agrees(log, documents))
        return { healedMs, agreedMs: nowMs(), limitMs, backlogEvents: 0, queued }
    } catch {
      // A server that is still on its way back: asked again until the limit.
    }
    if (nowMs() - healedMs > limitMs) return { healedMs, limitMs, ...last }
    await delay(100, signal)
  }
}

function agrees(log: readonly LogEvent[], documents: readonly StoredUser[]): boolean {
  const newest = new Map(log.map(({ aggregateId, version }) => [aggregateId, version]))
  const shown = new Map(documents.map(({ _id, version }) => [_id, version]))
  return newest.size === shown.size && [...newest].every(([id, version]) => shown.get(id) === version)
}
