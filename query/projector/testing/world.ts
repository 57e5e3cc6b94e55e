import type { Check, Probe } from '../../../shared/process/health.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import type { Metrics } from '../../../shared/process/metrics.ts'
import { createMongoUrl, createVhost, dropMongo, waitFor } from '../../../tests/support/stack.ts'
import { createDatabase, type Database } from '../../database.ts'
import { createRelay } from './relay.ts'
import { things } from './things.ts'
import { wireProjector, type WiringChange } from './wiring.ts'

export type World = Awaited<ReturnType<typeof createWorld>>

export interface ProjectorChange extends WiringChange {
  /** Instead of the world's own connection to the store. */
  readonly database?: Database
  /** Begin before the consumers are there. */
  readonly atOnce?: boolean
}

/** A virtual host and a database of their own, a stand-in for the relay, and projectors on them. */
export async function createWorld({ partitions = 2 } = {}) {
  const vhost = await createVhost()
  const mongoUrl = createMongoUrl()
  const database = connect(mongoUrl)
  const relay = await createRelay(vhost.url, partitions)
  const closing: (() => Promise<void>)[] = []

  return {
    partitions,
    brokerUrl: vhost.url,
    mongoUrl,
    database,
    relay,
    documents: database.collectionOf<StoredThing>('things_g1'),
    /** @param change what differs from a projector as `main.ts` makes it */
    async startProjector(change: ProjectorChange = {}) {
      const wired = wireProjector(change.database ?? database, { brokerUrl: vhost.url, partitions }, change)
      const { projector, metrics, pause, view, records, parked } = wired
      closing.push(async () => {
        await projector.stop()
        await pause.stop()
      })
      pause.start()
      await projector.start()
      const pipeline = () => ask(projector.pipelineProbes)
      if (!change.atOnce)
        await waitFor(async () => (await pipeline())['consumers']?.state === 'ok', {
          timeoutMs: 10_000,
          what: 'the consumers',
        })
      return {
        ...projector,
        view,
        parked,
        pause,
        records,
        pipeline,
        total: (name: string) => total(metrics, name),
        /** Partitions that the broker delivers to it. */
        active: () => activeOn(metrics),
      }
    },
    async dispose() {
      await Promise.all(closing.map((close) => close()))
      await relay.close()
      await vhost.drop()
      await database.stop()
      await dropMongo(mongoUrl)
    },
  }
}

export type StoredThing = { _id: string; version: number; label?: string; deleted_at?: string }

export function connect(url: string): Database {
  const database = createDatabase({
    url,
    readModels: [things],
    poolMax: 10,
    timeoutMs: 1_000,
    log: silentLogger,
  })
  void database.start()
  return database
}

/** Probes' answers by name. */
export async function ask(probes: readonly Probe[]): Promise<Readonly<Record<string, Check>>> {
  const checks = await Promise.all(probes.map((probe) => probe()))
  return Object.fromEntries(checks.map((check) => [check.name, check]))
}

async function activeOn(metrics: Metrics): Promise<number[]> {
  const metric = await metrics.getSingleMetric('projector_consumer_active')?.get()
  return (metric?.values ?? [])
    .flatMap(({ value, labels }) => (value === 1 ? [Number(labels['partition'])] : []))
    .toSorted((a, b) => a - b)
}

/** A metric's values, added up over their labels; 0 when it has none yet. */
async function total(metrics: Metrics, name: string): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get()
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}
