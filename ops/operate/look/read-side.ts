import { countParked } from '../../../query/projector/parking/operations.ts'
import { readPause, type Pause } from '../../../query/projector/pause.ts'
import type { NotedHeartbeat } from '../../../query/projector/heartbeat-records.ts'
import type { ReplayReason } from '../../../query/projector/queue-records.ts'
import { createRecords } from '../../../query/projector/records.ts'
import type { Connections } from '../connections.ts'
import { readGenerations, type Generations } from './generations.ts'

/** What the store tells of the projectors and of what they keep. */
export interface ReadSide {
  /** `MongoDB 8.0.4`, `FerretDB 2.7.0`: they are not the same in everything. */
  readonly version: string
  readonly models: readonly Generations[]
  /** By queue: the last heartbeat that came through it. */
  readonly heartbeats: Readonly<Record<string, SeenHeartbeat>>
  /** Queues that lack events, which a replay is to bring. */
  readonly incomplete: readonly Incomplete[]
  readonly paused: Pause | undefined
  readonly parkedEvents: number
}

export interface Incomplete {
  readonly queue: string
  /** ISO 8601: when a projector noticed. */
  readonly since: string
  /** In words. */
  readonly why: string
  /** The relay was asked. */
  readonly isAskedFor: boolean
}

export interface SeenHeartbeat {
  readonly ageSeconds: number
  /** Every event up to here that is this partition's was applied before it, or parked. */
  readonly appliedTo: number
}

export async function readReadSide({ store, collectionOf }: Connections): Promise<ReadSide> {
  const records = createRecords(collectionOf)
  const [info, { localTime }, models, heartbeats, queues, paused, parkedEvents] = await Promise.all([
    store.command({ buildInfo: 1 }),
    store.command({ hello: 1 }),
    readGenerations(collectionOf),
    records.heartbeats(),
    records.queues(),
    readPause(collectionOf),
    countParked(collectionOf),
  ])
  return {
    version: info['ferretdb']
      ? `FerretDB ${String(info['ferretdb'].version).replace(/^v/, '')}`
      : `MongoDB ${info['version']}`,
    models,
    heartbeats: Object.fromEntries(
      heartbeats.map((heartbeat) => [
        heartbeat.queue,
        { ageSeconds: ageMs(heartbeat, localTime) / 1_000, appliedTo: heartbeat.cursor },
      ]),
    ),
    incomplete: queues.flatMap(({ queue, replay }) =>
      replay
        ? [{ queue, since: replay.since, why: whys[replay.reason], isAskedFor: replay.requests.length > 0 }]
        : [],
    ),
    paused,
    parkedEvents,
  }
}

/** Both by the store's clock, so that a wrong one of the relay's or of this machine makes no heartbeat older or younger. */
const ageMs = ({ notedAt, time }: NotedHeartbeat, now: Date) =>
  Math.max(0, now.getTime() - (notedAt?.getTime() ?? Date.parse(time)))

const whys: Readonly<Record<ReplayReason, string>> = {
  first: 'it is new',
  'store-lost': 'the store does not know it, so it is another one or lost what it had',
  'queue-lost': 'it was deleted',
  'events-missing': 'an event never came',
}
