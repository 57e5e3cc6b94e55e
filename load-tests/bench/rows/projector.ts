import type { Collection } from 'mongodb'
import { MongoClient } from 'mongodb'
import { users as usersModel } from '../../../query/users/users.ts'
import type { Replica } from '../../../ops/faults/world/replica.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { waitFor } from '../../../ops/wait.ts'
import { Broker, queuesOf } from '../machinery/broker.ts'
import {
  Incomplete,
  perSecond,
  type Comparison,
  type Contender,
  type Sample,
} from '../machinery/comparison.ts'
import { rssOf } from '../machinery/cpu-meter.ts'
import { metered, partOf, placesOn, processOn, startedOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'
import { untilDone } from '../machinery/until.ts'
import { documentId, documentOf, PARTITIONS } from './documents.ts'

const ONE = 'unordered gated bulkWrites of 500, one at a time'
const FOUR = 'unordered gated bulkWrites of 500, four at a time'

/** Draining a backlog: from the queues to the store, every event a new document. */
export async function projectorRows(site: Site): Promise<Comparison> {
  const { backlog } = site.sizes
  const projector = await projectorOn(site, { backlog })
  const [one, four] = [await writerOn(site, backlog, 1), await writerOn(site, backlog, 4)]
  return {
    contenders: [projector, one, four],
    rows: [
      {
        name: 'projector',
        title: `Projector, ${backlog.toLocaleString('en-US')} events`,
        unit: 'a second',
        better: 'higher',
        target: { ratio: 0.8 },
        ours: projector.name,
        limit: ONE,
        beside: [FOUR],
        of: perSecond,
      },
    ],
  }
}

type Users = Collection<{ _id: string; version?: number; email?: string }>

export interface Drain {
  readonly backlog: number
  /** The process starts with the backlog there, and the clock with the first that is done: for long ones. */
  readonly startsAnew?: boolean
}

export async function projectorOn(site: Site, { backlog, startsAnew = false }: Drain): Promise<Contender> {
  const places = await placesOn(site)
  const broker = await Broker.connect(places.brokerUrl)
  site.defer(() => broker.close())
  const queues = queuesOf(usersModel.group)
  // It needs the exchange, which the relay declares, and a relay that answers its first question for a replay.
  const relay = await processOn(site, { role: 'relay', places })
  relay.start()
  const process = await startedOn(site, { role: 'query', places })
  await process.untilGreen('pipeline')
  const publisher = await Twin.start('amqp-publisher', { RABBITMQ_URL: places.brokerUrl })
  site.defer(() => publisher.stop())
  const users = await collectionOf(site, places.storeUrl)
  // To this read model alone: the twin writes no other either.
  const fill = () => publisher.order({ publish: backlog, group: usersModel.group })

  return {
    name: `the projector, ${backlog.toLocaleString('en-US')} events`,
    async measure(): Promise<Sample> {
      await users.deleteMany({})
      if (startsAnew) {
        await process.stop()
        await fill()
        process.start()
      } else await asleep(process, fill)
      const sample = await drained(site, process, users, { backlog, startsAnew })
      await checkDocuments(users, backlog)
      await waitFor(async () => (await broker.depths(queues)).messages === 0, {
        timeoutMs: 30_000,
        what: 'the queues to be empty',
      })
      return sample
    },
  }
}

/** Asleep with its consumers open, it finds all of the backlog when it wakes. */
async function asleep(process: Replica, work: () => Promise<unknown>): Promise<void> {
  process.signal('SIGSTOP')
  try {
    await work()
  } finally {
    process.signal('SIGCONT')
  }
}

async function drained(
  site: Site,
  process: Replica,
  users: Users,
  { backlog, startsAnew = false }: Drain,
): Promise<Sample> {
  const marks = marksIn(backlog)
  const parts = [partOf(process)]
  const done = async () => {
    const found = await users.find({ _id: { $in: marks } }, { projection: { _id: 1 } }).toArray()
    return Math.floor((found.length * backlog) / marks.length)
  }
  const { result, cpuMs } = await metered(site, parts, () =>
    untilDone(backlog, done, { lookMs: 25, fromFirst: startsAnew }),
  )
  return { ...result, cpuMs, rssMb: rssOf(parts) }
}

const MARKS_A_PARTITION = 8

/** Within a partition events are applied in order: a few of each, the last among them, tell how far it is. */
function marksIn(backlog: number): string[] {
  const byPartition = Map.groupBy(Array(backlog).keys(), (n) => partitionOf(documentId(n), PARTITIONS))
  return [...byPartition.values()].flatMap((places) =>
    Array.from({ length: MARKS_A_PARTITION }, (_, mark) => {
      const place = Math.ceil(((mark + 1) * places.length) / MARKS_A_PARTITION) - 1
      return documentId(places[place]!)
    }),
  )
}

/** @throws Incomplete where one is missing, at another version, or another's */
async function checkDocuments(users: Users, count: number): Promise<void> {
  let found = 0
  for await (const { _id, version, email } of users.find({}, { projection: { version: 1, email: 1 } })) {
    const wanted = documentOf(Number.parseInt(_id.slice(-12), 16))
    if (_id !== wanted._id || version !== wanted.version || email !== wanted.email)
      throw new Incomplete(`the document ${_id} is not what its event says`)
    found++
  }
  if (found !== count) throw new Incomplete(`${found} of ${count} documents are there`)
}

async function writerOn(site: Site, backlog: number, parallel: number): Promise<Contender> {
  const places = await placesOn(site)
  const twin = await Twin.start('bulk-writer', { MONGO_URL: places.storeUrl })
  site.defer(() => twin.stop())
  const users = await collectionOf(site, places.storeUrl)
  return {
    name: parallel === 1 ? ONE : FOUR,
    async measure(): Promise<Sample> {
      await users.deleteMany({})
      const { result, cpuMs } = await metered(site, [twin.part], () =>
        twin.order<{ elapsedMs: number }>({ count: backlog, parallel }),
      )
      await checkDocuments(users, backlog)
      return { ...result, count: backlog, cpuMs }
    },
  }
}

/** As the read model has it, with the same indexes: those are part of what a write costs. */
export async function collectionOf(site: Site, url: string): Promise<Users> {
  const client = new MongoClient(url)
  site.defer(() => client.close())
  return client.db().collection(usersModel.collection)
}
