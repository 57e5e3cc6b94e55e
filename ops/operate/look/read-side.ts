import type { Db } from 'mongodb'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import type { ReplayReason } from '../../../query/projector/queue-records.ts'
import { createRecords } from '../../../query/projector/records.ts'
import { readModels } from '../../../query/read-models.ts'
import type { Paused } from './write-side.ts'

/** What the store tells of the projectors and of what they keep. */
export interface ReadSide {
  /** `MongoDB 8.0.4`, `FerretDB 2.7.0`: they are not the same in everything. */
  readonly version: string
  readonly models: readonly Generations[]
  /** By queue: the last heartbeat that came through it. */
  readonly heartbeats: Readonly<Record<string, SeenHeartbeat>>
  /** Queues that lack events, which a replay is to bring. */
  readonly incomplete: readonly Incomplete[]
  readonly paused: Paused | undefined
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

/** Which generations of a read model there are. */
export interface Generations {
  readonly name: string
  readonly aggregate: string
  /** The one that answers reads. */
  readonly serving: number
  /** Those that get events. */
  readonly fed: readonly number[]
}

type Named = { _id: string }

export async function readReadSide(store: Db): Promise<ReadSide> {
  const records = createRecords((name) => store.collection(name))
  const [info, models, heartbeats, queues, control, parkedEvents] = await Promise.all([
    store.command({ buildInfo: 1 }),
    readGenerations(store),
    records.heartbeats(),
    records.queues(),
    store.collection<Named & ControlDocument>('projector_control').findOne({ _id: 'projector' }),
    store.collection('parked_events').countDocuments({}),
  ])
  const nowMs = Date.now()
  return {
    version: info['ferretdb']
      ? `FerretDB ${String(info['ferretdb'].version).replace(/^v/, '')}`
      : `MongoDB ${info['version']}`,
    models,
    heartbeats: Object.fromEntries(
      heartbeats.map(({ queue, time, cursor }) => [
        queue,
        { ageSeconds: Math.max(0, nowMs - Date.parse(time)) / 1_000, appliedTo: cursor },
      ]),
    ),
    incomplete: queues.flatMap(({ queue, replay }) =>
      replay
        ? [{ queue, since: replay.since, why: whys[replay.reason], isAskedFor: replay.requests.length > 0 }]
        : [],
    ),
    paused: control?.paused_at
      ? { at: control.paused_at, by: control.paused_by ?? '', reason: control.reason ?? '' }
      : undefined,
    parkedEvents,
  }
}

const whys: Readonly<Record<ReplayReason, string>> = {
  first: 'it is new',
  'store-lost': 'the store does not know it, so it is another one or lost what it had',
  'queue-lost': 'it was deleted',
  'events-missing': 'an event never came',
}

interface ControlDocument {
  readonly paused_at?: string
  readonly paused_by?: string
  readonly reason?: string
}

/** Of every read model; where nobody noted anything it is the code's generation that serves and is fed. */
export async function readGenerations(store: Db): Promise<Generations[]> {
  const pointers = await store
    .collection<Named & { serving?: number; fed?: number[] }>('read_models')
    .find({})
    .toArray()
  return readModels.map((model) => {
    const { serving = model.generation, fed = [model.generation] } =
      pointers.find(({ _id }) => _id === model.name) ?? {}
    return { name: model.name, aggregate: model.handles.aggregate, serving, fed }
  })
}

/** What is assumed while the store cannot be asked. */
export const generationsOfCode = (models: readonly ReadModel[] = readModels): Generations[] =>
  models.map(({ name, generation, handles }) => ({
    name,
    aggregate: handles.aggregate,
    serving: generation,
    fed: [generation],
  }))

export const groupOf = (name: string, generation: number) => `${name}-g${generation}`
export const collectionOfGeneration = (name: string, generation: number) => `${name}_g${generation}`
