import { AMQPClient } from '@cloudamqp/amqp-client'
import {
  eventContentType,
  eventRoutingKey,
  exchangeName,
  heartbeatRoutingKey,
  heartbeatType,
} from '../../../shared/messaging/names.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import type { Check, Probe } from '../../../shared/process/health.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import { createMetrics, type Metrics } from '../../../shared/process/metrics.ts'
import { createMongoUrl, createVhost, dropMongo, waitFor } from '../../../tests/support/stack.ts'
import { createDatabase, type Database } from '../../database.ts'
import { createPipelineView } from '../pipeline-view.ts'
import { createProjector, type ProjectorOptions } from '../projector.ts'
import { createRecords } from '../records.ts'
import { createStoreWriter } from '../store-writer.ts'
import { encodeThing, things, type ThingEvent } from './things.ts'

export type World = Awaited<ReturnType<typeof createWorld>>

export interface ProjectorChange extends Partial<ProjectorOptions> {
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
      const { collectionOf, ping } = change.database ?? database
      const records = createRecords(collectionOf)
      const view = createPipelineView(records)
      const metrics = createMetrics('test')
      const projector = createProjector({
        readModels: [things],
        partitions,
        replica: 'replica-1',
        brokerUrl: vhost.url,
        prefetch: 1_000,
        batchMax: 500,
        stallMs: 30_000,
        overdueMs: 30_000,
        writer: createStoreWriter(collectionOf),
        records,
        view,
        collectionOf,
        pingStore: ping,
        log: silentLogger,
        metrics,
        ...change,
      })
      closing.push(projector.stop)
      await projector.start()
      const pipeline = () => ask(projector.pipelineProbes)
      if (!change.atOnce)
        await waitFor(async () => (await pipeline())['consumers']?.state === 'ok', {
          timeoutMs: 10_000,
          what: 'the consumers',
        })
      return { ...projector, view, records, pipeline, total: (name: string) => total(metrics, name) }
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

/** A metric's values, added up over their labels; 0 when it has none yet. */
async function total(metrics: Metrics, name: string): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get()
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}

async function createRelay(url: string, partitions: number) {
  const client = new AMQPClient(url)
  await client.connect()
  const channel = await client.channel()
  await channel.confirmSelect()
  await channel.exchangeDeclare(exchangeName, 'topic', { durable: true })
  const returned: string[] = []
  channel.onReturn = ({ routingKey }) => void returned.push(routingKey)

  async function send(
    key: string,
    body: string,
    properties: { type: string; messageId?: string },
  ): Promise<void> {
    const all = { ...properties, deliveryMode: 2, contentType: eventContentType }
    await channel.basicPublish(exchangeName, key, body, all, true)
    // A return precedes its ack, which resolves all the same.
    if (returned.length > 0) throw new Error(`no queue for ${returned.splice(0)}`)
  }

  return {
    channel,
    /** Confirmed by the broker, in this order. */
    async publish(events: readonly ThingEvent[]) {
      await Promise.all(
        events.map((event) => {
          const { type, body, messageId } = encodeThing(event)
          return send(eventRoutingKey(type, partitionOf(event.id, partitions), partitions), body, {
            type,
            messageId,
          })
        }),
      )
    },
    async heartbeat(partition: number, time = new Date().toISOString()) {
      const body = JSON.stringify({ type: heartbeatType, time, head: 7, cursor: 7 })
      await send(heartbeatRoutingKey(partition, partitions), body, { type: heartbeatType })
    },
    close: () => client.close(),
  }
}
