import { SQL } from 'bun'
import { doorbellChannel } from '../../../command/outbox/log.ts'
import { query } from '../../../ops/faults/world/places.ts'
import { Broker } from '../machinery/broker.ts'
import { perSecond, type Comparison, type Contender, type Sample } from '../machinery/comparison.ts'
import { rssOf } from '../machinery/cpu-meter.ts'
import { metered, partOf, placesOn, startedOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'
import { untilDone } from '../machinery/until.ts'
import { peerRelays } from './peers/relay.ts'
import { appendSql, documentId } from './documents.ts'

const LOOP = 'a loop of windows on the same AMQP client'

/** Draining a backlog: from the log to confirmed in the queues of one group, on all partitions. */
export async function relayRows(site: Site): Promise<Comparison> {
  const { backlog } = site.sizes
  const relay = await relayOn(site, { backlog })
  const loop = await loopOn(site, backlog)
  const peers = site.peers ? await peerRelays(site, site.peers) : []
  return {
    contenders: [relay, loop, ...peers],
    rows: [
      {
        name: 'relay',
        title: `Relay, ${backlog.toLocaleString('en-US')} events`,
        unit: 'a second',
        better: 'higher',
        target: { ratio: 0.8 },
        ours: relay.name,
        limit: loop.name,
        beside: peers.map(({ name }) => name),
        of: perSecond,
      },
    ],
  }
}

export interface Drain {
  readonly backlog: number
  /** Rows of a segment of the log; as it ships where left out. */
  readonly segmentRows?: number
  /** The process starts with the backlog there, and the clock with the first that is done: for long ones. */
  readonly startsAnew?: boolean
}

export async function relayOn(
  site: Site,
  { backlog, segmentRows, startsAnew = false }: Drain,
): Promise<Contender> {
  const places = await placesOn(site)
  const broker = await Broker.connect(places.brokerUrl)
  site.defer(() => broker.close())
  const queues = await broker.declareQueues('bench-g1')
  const process = await startedOn(site, { role: 'relay', places })
  const look = new SQL(places.ownerUrl, { max: 1, database: places.name })
  site.defer(() => look.close({ timeout: 1 }))
  if (segmentRows !== undefined) await small(look)
  let appended = 0

  async function cursor(): Promise<number> {
    const [row] = await look`SELECT seq::float8 AS seq FROM outbox_cursor WHERE name = 'relay'`
    return (row as { seq: number }).seq
  }

  /** At most so many in one transaction: all of a short backlog is there at once. */
  async function append(): Promise<void> {
    const to = appended + backlog
    while (appended < to) {
      const room = segmentRows === undefined ? APPENDED_MAX : segmentRows * (AHEAD / 2)
      const next = Math.min(to, appended + Math.min(APPENDED_MAX, room))
      if (segmentRows !== undefined) await look`SELECT outbox_make_segments(${AHEAD}, ${segmentRows}::bigint)`
      await look.unsafe(appendSql(appended, next))
      appended = next
    }
  }

  return {
    name: `the relay, ${backlog.toLocaleString('en-US')} events`,
    async measure(): Promise<Sample> {
      const [from, before] = [appended, await cursor()]
      await query(places.adminUrl, 'CHECKPOINT')
      if (startsAnew) await process.stop()
      await append()
      if (startsAnew) process.start()
      else await look.unsafe(`NOTIFY ${doorbellChannel}`)
      const parts = [partOf(process)]
      const { result, cpuMs } = await metered(site, parts, () =>
        untilDone(backlog, async () => (await cursor()) - before, { fromFirst: startsAnew }),
      )
      const rssMb = rssOf(parts)
      await broker.checkAll(queues, backlog, placeIn(from, appended))
      return { ...result, cpuMs, rssMb }
    },
  }
}

const APPENDED_MAX = 100_000
/** The most segments that can be made ahead. */
const AHEAD = 64

/** Without the segments that a migration made ahead, which are large. Nothing is in them yet. */
async function small(sql: SQL): Promise<void> {
  const segments = (await sql`SELECT name FROM outbox_segments`) as { name: string }[]
  for (const { name } of segments) await sql.unsafe(`DROP TABLE ${name}`)
}

/** The limit: the same messages to the same queues, from memory. */
export async function loopOn(site: Site, backlog: number): Promise<Contender> {
  const places = await placesOn(site)
  const broker = await Broker.connect(places.brokerUrl)
  site.defer(() => broker.close())
  const queues = await broker.declareQueues('bench-g1')
  const twin = await Twin.start('amqp-publisher', { RABBITMQ_URL: places.brokerUrl })
  site.defer(() => twin.stop())
  return {
    name: LOOP,
    async measure(): Promise<Sample> {
      await twin.order({ prepare: backlog })
      const { result, cpuMs } = await metered(site, [twin.part], () =>
        twin.order<{ elapsedMs: number }>({ publish: backlog }),
      )
      await broker.checkAll(queues, backlog, placeIn(0, backlog))
      return { ...result, count: backlog, cpuMs }
    },
  }
}

/** By the event's id, whose user's number is its place. */
const placeIn = (from: number, to: number) => (messageId: string) => {
  const n = Number.parseInt(messageId.slice(-12), 16)
  const isOne = messageId === documentId(n).replace('018f', '018e') && n >= from && n < to
  return isOne ? n : undefined
}
