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

const GATED = 'unordered gated bulkWrites of 500, one at a time'
const FOUR = 'unordered gated bulkWrites of 500, four at a time'
const INSERTED = 'unordered insertions of 500 without the gate, one at a time'

/** Draining a backlog: from the queues to the store, every event a new document, or a change of one that is there. */
export async function projectorRows(site: Site): Promise<Comparison[]> {
  return [await rowsOf(site, 1), await rowsOf(site, 2)]
}

async function rowsOf(site: Site, version: number): Promise<Comparison> {
  const { backlog } = site.sizes
  const isNew = version === 1
  const projector = await projectorOn(site, { backlog, version })
  const writers = [await writerOn(site, { name: GATED, backlog, version })]
  if (isNew) {
    writers.push(await writerOn(site, { name: FOUR, backlog, version, parallel: 4 }))
    writers.push(await writerOn(site, { name: INSERTED, backlog, version, inserts: true }))
  }
  const what = isNew ? 'creations' : 'changes'
  return {
    contenders: [projector, ...writers],
    rows: [
      {
        name: isNew ? 'projector' : 'projector-changes',
        title: `Projector, ${backlog.toLocaleString('en-US')} ${what}`,
        unit: 'a second',
        better: 'higher',
        target: { ratio: 0.8 },
        ours: projector.name,
        limit: GATED,
        beside: isNew ? [FOUR, INSERTED] : [],
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
  /** Of every event: 1 is a creation, and finds nothing there; 2 is a change. */
  readonly version?: number
}

export async function projectorOn(
  site: Site,
  { backlog, startsAnew = false, version = 1 }: Drain,
): Promise<Contender> {
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
  const fill = () => publisher.order({ publish: backlog, group: usersModel.group, version })

  return {
    name: `the projector, ${backlog.toLocaleString('en-US')} ${version === 1 ? 'creations' : 'changes'}`,
    async measure(): Promise<Sample> {
      await filled(users, version === 1 ? 0 : backlog)
      if (startsAnew) {
        await process.stop()
        await fill()
        process.start()
      } else await asleep(process, fill)
      const sample = await drained(site, process, users, { backlog, startsAnew, version })
      await checkDocuments(users, backlog, version)
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
  { backlog, startsAnew = false, version = 1 }: Drain,
): Promise<Sample> {
  const marks = marksIn(backlog)
  const parts = [partOf(process)]
  const done = async () => {
    const found = await users
      .find({ _id: { $in: marks }, version: { $gte: version } }, { projection: { _id: 1 } })
      .toArray()
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
async function checkDocuments(users: Users, count: number, expected = 1): Promise<void> {
  let found = 0
  for await (const { _id, version, email } of users.find({}, { projection: { version: 1, email: 1 } })) {
    const wanted = documentOf(Number.parseInt(_id.slice(-12), 16), expected)
    if (_id !== wanted._id || version !== wanted.version || email !== wanted.email)
      throw new Incomplete(`the document ${_id} is not what its event says`)
    found++
  }
  if (found !== count) throw new Incomplete(`${found} of ${count} documents are there`)
}

interface WriterSpec {
  readonly name: string
  readonly backlog: number
  readonly version: number
  readonly parallel?: number
  readonly inserts?: boolean
}

async function writerOn(
  site: Site,
  { name, backlog, version, parallel = 1, inserts = false }: WriterSpec,
): Promise<Contender> {
  const places = await placesOn(site)
  const twin = await Twin.start('bulk-writer', { MONGO_URL: places.storeUrl })
  site.defer(() => twin.stop())
  const users = await collectionOf(site, places.storeUrl)
  return {
    name,
    async measure(): Promise<Sample> {
      await filled(users, version === 1 ? 0 : backlog)
      const { result, cpuMs } = await metered(site, [twin.part], () =>
        twin.order<{ elapsedMs: number }>({ count: backlog, parallel, version, inserts }),
      )
      await checkDocuments(users, backlog, version)
      return { ...result, count: backlog, cpuMs }
    },
  }
}

/** With so many documents, as their creations leave them, and nothing else. */
async function filled(users: Users, count: number): Promise<void> {
  await users.deleteMany({})
  for (let from = 0; from < count; from += FILL) {
    const length = Math.min(FILL, count - from)
    await users.insertMany(Array.from({ length }, (_, n) => documentOf(from + n)))
  }
}
const FILL = 1_000

/** As the read model has it, with the same indexes: those are part of what a write costs. */
export async function collectionOf(site: Site, url: string): Promise<Users> {
  const client = new MongoClient(url)
  site.defer(() => client.close())
  return client.db().collection(usersModel.collection)
}
