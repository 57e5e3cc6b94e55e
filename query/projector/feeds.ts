import { withTimeout } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { CollectionOf } from './collection-of.ts'
import { createIndexKeeper, type IndexKeeper } from './indexes.ts'
import { partitionState, type PartitionState } from './partition-state.ts'
import type { Partition } from './partition.ts'
import type { ReadModel } from './read-model.ts'
import { queueOf, type PartitionOf } from './topology.ts'

export interface FeedsOptions {
  readonly partitions: number
  readonly collectionOf: CollectionOf
  readonly createPartition: (of: PartitionOf, state: PartitionState) => Partition
  readonly log: Logger
}

/** The partitions of every read model that is fed, which come and go with its generations. */
export interface Feeds {
  /** Of all partitions; always the same array. */
  readonly states: readonly PartitionState[]
  places(): readonly PartitionOf[]
  models(): readonly ReadModel[]
  /**
   * Starts what is new and stops what is not fed any more, with the write in hand done. Never rejects; one call at a
   * time.
   */
  follow(models: readonly ReadModel[]): Promise<void>
  handOver(queue: string): void
  /** To be called every second or so. */
  watch(): void
  stop(): Promise<void>
}

const indexesTimeoutMs = 10_000

export function createFeeds(options: FeedsOptions): Feeds {
  const { partitions, log } = options
  const feeds = new Map<string, Feed>()
  const states: PartitionState[] = []
  let isFirst = true
  let isStopped = false

  function add(model: ReadModel): Feed {
    const places = Array.from({ length: partitions }, (_, partition): PartitionOf => ({
      model,
      partition,
      partitions,
    }))
    const own = places.map((of) =>
      partitionState({ group: of.model.group, partition: of.partition, queue: queueOf(of) }),
    )
    states.push(...own)
    const indexes = createIndexKeeper({ ...options, readModels: [model] })
    const consumers = places.map((of, index) => options.createPartition(of, own[index]!))
    const feed = { model, places, indexes, consumers }
    feeds.set(model.group, feed)
    return feed
  }

  async function remove(group: string, feed: Feed): Promise<void> {
    await stopFeed(feed)
    feeds.delete(group)
    states.splice(0, states.length, ...states.filter((state) => state.group !== group))
    log.info('a generation is no longer fed', { group })
  }

  return {
    states,
    models: () => [...feeds.values()].map(({ model }) => model),
    places: () => [...feeds.values()].flatMap(({ places }) => places),
    async follow(models) {
      if (isStopped) return
      const wanted = new Set(models.map(({ group }) => group))
      const unwanted = [...feeds].filter(([group]) => !wanted.has(group))
      await Promise.all(unwanted.map(([group, feed]) => remove(group, feed)))
      const added = models.filter(({ group }) => !feeds.has(group)).map(add)
      await Promise.all(added.map(({ indexes }) => indexes.start()))
      // A new collection's are made while it is empty; an old one may be large, and its events do not wait.
      if (!isFirst) await Promise.all(added.map(({ indexes }) => made(indexes)))
      isFirst = false
      if (isStopped) return
      for (const { consumers } of added) for (const consumer of consumers) await consumer.start()
    },
    handOver(queue) {
      for (const { places, consumers } of feeds.values())
        for (const [index, of] of places.entries()) if (queueOf(of) === queue) consumers[index]!.handOver()
    },
    watch() {
      for (const { consumers } of feeds.values()) for (const consumer of consumers) consumer.watch()
    },
    async stop() {
      isStopped = true
      await Promise.all([...feeds.values()].map(stopFeed))
    },
  }
}

interface Feed {
  readonly model: ReadModel
  readonly places: readonly PartitionOf[]
  readonly indexes: IndexKeeper
  readonly consumers: readonly Partition[]
}

const made = ({ made: ready }: IndexKeeper) =>
  withTimeout(ready, indexesTimeoutMs, 'making the indexes').catch(() => {})

async function stopFeed({ indexes, consumers }: Feed): Promise<void> {
  await Promise.all([indexes.stop(), ...consumers.map((consumer) => consumer.stop())])
}
