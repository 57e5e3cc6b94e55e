import { backoffMs, delay, withTimeout } from '../../../shared/process/backoff.ts'
import type { Probe } from '../../../shared/process/health.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import type { CollectionOf } from '../collection-of.ts'
import type { HeartbeatRecords } from '../heartbeat-records.ts'
import { atGeneration, type ReadModel } from '../read-model.ts'
import { createCatchUp, type CatchUp } from './catch-up.ts'
import { createPointers, type Pointer } from './pointers.ts'
import { createReplicas } from './replicas.ts'

export interface GenerationsOptions {
  /** As the code has them. */
  readonly readModels: readonly ReadModel[]
  readonly partitions: number
  /** Unique among the processes. */
  readonly replica: string
  readonly collectionOf: CollectionOf
  readonly records: Pick<HeartbeatRecords, 'heartbeats'>
  readonly log: Logger
  readonly lookMs?: number
}

/** Where a read model is read. */
export interface Serving {
  readonly model: ReadModel
  /** Was read until just now, and may show what `model` is about to: a reader must not be shown less than that. */
  readonly before: ReadModel | undefined
}

/**
 * The generations of every read model, as this process knows them: looked up every second, so that a rebuild reaches
 * all processes without a restart, and reported back. While the store is away the last answer holds.
 */
export interface Generations extends Runnable, Followable {
  /** Waits for the first answer of the store. */
  serving(name: string): Serving | Promise<Serving>
  /** All that are fed; none before the first answer. */
  fed(): readonly ReadModel[]
  readonly probe: Probe
}

export interface Followable {
  /**
   * Tells `listener` what is to be fed, at first and with every change, one call at a time. A change is reported as
   * seen once the listener is done with it. It must not reject.
   */
  follow(listener: Listener): void
}

type Listener = (fed: readonly ReadModel[]) => Promise<void>

const lookMsDefault = 1_000
const timeoutMs = 5_000
const backoff = { baseMs: 100, maxMs: 2_000 }

export function createGenerations(options: GenerationsOptions): Generations {
  const { readModels, replica, partitions, log, collectionOf, records } = options
  const pointers = createPointers(collectionOf)
  const replicas = createReplicas(collectionOf)
  const stopping = new AbortController()
  const first = Promise.withResolvers<void>()
  const serving = new Map<string, Serving>()
  const catchUps = new Map<string, CatchUp>()
  let known: readonly Pointer[] = []
  let fed: readonly ReadModel[] = []
  let listen: Listener | undefined
  let isTold = false
  let beat = 0
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        await look()
        failures = 0
        await delay(options.lookMs ?? lookMsDefault, stopping.signal)
      } catch (error) {
        if (failures === 0) log.warn('the read models cannot be looked up', { error })
        await delay(backoffMs(failures++, backoff, Math.random()), stopping.signal)
      }
    }
  }

  async function look(): Promise<void> {
    const now = await withTimeout(pointers.ensure(readModels), timeoutMs, 'looking up the read models')
    for (const [index, pointer] of now.entries())
      if (pointer.revision !== known[index]?.revision) adopt(readModels[index]!, pointer)
    if (now.some(({ revision }, index) => revision !== known[index]?.revision)) isTold = false
    known = now
    fed = readModels.flatMap((model, index) =>
      now[index]!.fed.map((generation) => atGeneration(model, generation)),
    )
    first.resolve()
    await endCatchUps()
    if (!isTold) {
      isTold = true
      await listen?.(fed)
    }
    const revisions = Object.fromEntries(now.map(({ name, revision }) => [name, revision]))
    const code = Object.fromEntries(readModels.map(({ name, generation }) => [name, generation]))
    await replicas.report({ replica, partitions, beat: ++beat, code, revisions })
  }

  function adopt(code: ReadModel, pointer: Pointer): void {
    const { name } = code
    const model = atGeneration(code, pointer.serving)
    const was = serving.get(name)?.model
    if (was?.generation === pointer.serving) {
      // What was read before may be taken away now.
      if (!pointer.fed.includes(serving.get(name)?.before?.generation ?? pointer.serving)) settle(name, model)
      return
    }
    const before = was && pointer.fed.includes(was.generation) ? was : undefined
    serving.set(name, { model, before })
    if (before) catchUps.set(name, createCatchUp({ from: before.group, to: model.group, partitions }))
    if (was)
      log.info('another generation is read', { name, generation: pointer.serving, before: was.generation })
  }

  async function endCatchUps(): Promise<void> {
    if (catchUps.size === 0) return
    const heartbeats = await records.heartbeats()
    for (const [name, catchUp] of catchUps)
      if (catchUp.isOver(heartbeats)) settle(name, serving.get(name)!.model)
  }

  function settle(name: string, model: ReadModel): void {
    catchUps.delete(name)
    serving.set(name, { model, before: undefined })
  }

  return {
    name: 'generations',
    serving(name) {
      return serving.get(name) ?? first.promise.then(() => serving.get(name)!)
    },
    fed: () => fed,
    follow(listener) {
      listen = listener
      isTold = false
    },
    probe() {
      if (known.length === 0) {
        const reason = 'the store has not said yet which generations there are'
        return { name: 'read models', state: 'failed', reason }
      }
      const stale = readModels.flatMap(({ name, generation }, index) => {
        const pointer = known[index]
        const projection = pointer?.projections[pointer.serving]
        return projection !== undefined && projection < generation ? [name] : []
      })
      if (stale.length === 0) return { name: 'read models', state: 'ok' }
      const reason = 'documents from before a change of the projection are still as they were: rebuild'
      return { name: 'read models', state: 'degraded', reason, read_models: stale }
    },
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      if (!running) return
      const leaving = running.then(() => replicas.forget(replica))
      await withTimeout(leaving, 1_000, 'stopping').catch(() => {})
    },
  }
}
