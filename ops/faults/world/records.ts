import { existsSync, readFileSync } from 'node:fs'
import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { createPointers } from '../../../query/projector/generations/pointers.ts'
import { atGeneration, type ReadModel } from '../../../query/projector/read-model.ts'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import type { RecordLine } from '../entries/record.ts'
import type { LogEvent, PublishCall, ReplayAsked, Row, StoredUser } from '../history.ts'
import { isBallast, notBallastSql } from './ballast.ts'
import { query, withCollections, withStore, type Places } from './places.ts'

export interface Tables {
  readonly rows: readonly Row[]
  readonly log: readonly LogEvent[]
  readonly replays: readonly Pick<ReplayAsked, 'reason' | 'phase'>[]
  /** Highest `seq`, ballast or not. */
  readonly head: number
  readonly cursor: number
}

/** PostgreSQL's record: rows and log in one snapshot, times as the events carry them. */
export async function readTables({ ownerUrl }: Places): Promise<Tables> {
  const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  const [found] = await query<Record<keyof Tables, string>>(
    ownerUrl,
    `SELECT (SELECT coalesce(json_agg(json_build_object('id', id, 'first_name', first_name, 'last_name', last_name,
       'email', email, 'version', version, 'created_at', ${instant('created_at')}, 'updated_at', ${instant('updated_at')})), '[]')
       FROM users WHERE ${notBallastSql('id')})::text AS rows,
     (SELECT coalesce(json_agg(json_build_object('seq', seq, 'id', id, 'aggregateId', aggregateid, 'type', type,
       'version', version, 'data', payload, 'occurredAt', ${instant('occurred_at')}) ORDER BY seq), '[]')
       FROM outbox WHERE ${notBallastSql('aggregateid')})::text AS log,
     (SELECT coalesce(max(seq), 0) FROM outbox)::text AS head,
     (SELECT coalesce(json_agg(json_build_object('reason', reason, 'phase', phase)), '[]') FROM outbox_replays
       WHERE reason <> 'first')::text AS replays,
     (SELECT seq FROM outbox_cursor WHERE name = 'relay')::text AS cursor`,
  )
  const { rows, log, replays, head, cursor } = found!
  return {
    rows: JSON.parse(rows),
    log: JSON.parse(log),
    replays: JSON.parse(replays),
    head: Number(head),
    cursor: Number(cursor),
  }
}

/** The store's record: every document of the read model, tombstones too. */
export async function readDocuments({ storeUrl }: Places, collection: string): Promise<StoredUser[]> {
  return withStore(storeUrl, (client) => client.db().collection<StoredUser>(collection).find({}).toArray())
}

/** The generation that is read at the moment: its queues and its collection. */
export async function served(
  { storeUrl }: Places,
  model: ReadModel,
): Promise<Pick<ReadModel, 'group' | 'collection'>> {
  const pointer = await withCollections(storeUrl, (collectionOf) =>
    createPointers(collectionOf).find(model.name),
  )
  return pointer ? atGeneration(model, pointer.serving) : model
}

/** The harness's record around the publishers, from the files of all relays' lives. */
export function readPublishes(files: readonly { relay: string; file: string }[]): PublishCall[] {
  return files.flatMap(({ relay, file }) =>
    existsSync(file) ? callsIn(relay, readFileSync(file, 'utf8')) : [],
  )
}

function callsIn(relay: string, text: string): PublishCall[] {
  const calls = new Map<number, PublishCall>()
  for (const line of text.split('\n')) {
    // The last one of a process that was killed may be cut.
    if (!line.endsWith('}')) continue
    const entry = JSON.parse(line) as RecordLine
    if ('ids' in entry) calls.set(entry.call, { relay, ...entry })
    else calls.set(entry.call, { ...calls.get(entry.call)!, fates: entry.fates })
  }
  return [...calls.values()].map(withoutBallast).filter(({ ids }) => ids.length > 0)
}

function withoutBallast(call: PublishCall): PublishCall {
  if (!call.ids.some(isBallast)) return call
  const kept = call.ids.flatMap((id, index) => (isBallast(id) ? [] : [index]))
  // What is left of a window that failed has failed, whichever of it did.
  const fates = call.fates?.every((fate) => fate === 'confirmed')
    ? kept.map((index) => call.fates![index]!)
    : undefined
  return { ...call, ids: kept.map((index) => call.ids[index]!), fates }
}

/** Messages that nobody took yet. @throws when the broker or a queue is not there */
export async function queueDepths(
  brokerUrl: string,
  queues: readonly string[],
): Promise<Record<string, number>> {
  const client = await connectAmqp({ url: brokerUrl, name: 'faults', timeoutMs: 5_000 })
  try {
    const channel: AMQPChannel = await client.channel()
    const depths: Record<string, number> = {}
    for (const queue of queues)
      depths[queue] = (await channel.queueDeclare(queue, { passive: true })).messageCount
    return depths
  } finally {
    await client.close().catch(() => {})
    client.socket?.destroy()
  }
}

/** Newest version of each user as the log has it, and whether it was removed. */
export function newestOf(log: readonly LogEvent[]): Map<string, number> {
  return new Map(log.map(({ aggregateId, version }) => [aggregateId, version]))
}
