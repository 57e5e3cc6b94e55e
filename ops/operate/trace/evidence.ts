import type { SQL } from 'bun'
import type { Aggregate } from '../../../command/commit/aggregate.ts'
import { showParked } from '../../../command/relay/parking/operations.ts'
import { instantSql } from '../../../command/relay/statements.ts'
import { sqlState } from '../../../command/commit/database-errors.ts'
import type { DomainEvent } from '../../../shared/events/catalogue.ts'
import type { CollectionOf } from '../../../query/projector/collection-of.ts'
import { listParked } from '../../../query/projector/parking/operations.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { tableOf } from '../aggregates.ts'
import { modelAt, type Generations } from '../look/generations.ts'

/** What PostgreSQL knows of one aggregate. Ids, types and versions: no data of anybody. */
export interface WrittenTrace {
  /** Undefined where there is no row: never made, or deleted. */
  readonly rowVersion: number | undefined
  /** The newest first, no more than `eventsMax`. */
  readonly events: readonly TracedEvent[]
  readonly parked: ParkedAtRelay | undefined
}

export interface TracedEvent {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly version: number
  /** ISO 8601. */
  readonly time: string
}

export interface ParkedAtRelay {
  readonly reason: string
  /** ISO 8601. */
  readonly since: string
  /** The first event that the broker did not get. */
  readonly firstSeq: number
  readonly events: number
  readonly releaseRequested: boolean
}

/** One read model's generation that gets events, and what it has of this aggregate. */
export interface ProjectedTrace {
  readonly group: string
  readonly serving: boolean
  /** Undefined where there is no document. */
  readonly version: number | undefined
  readonly deleted: boolean
  readonly parked: readonly ParkedAtProjector[]
}

export interface ParkedAtProjector {
  readonly id: string
  readonly type: string
  readonly version: number | undefined
  readonly code: string
  /** ISO 8601. */
  readonly since: string
  readonly releaseRequested: boolean
  readonly lastError: string | undefined
}

const eventsMax = 50

/** The log has no index by aggregate, so this reads it whole: some seconds for tens of millions of events. */
export async function traceWritten(sql: SQL, aggregate: Aggregate, id: string): Promise<WrittenTrace> {
  const [rows, events, parked] = await Promise.all([
    sql.unsafe(`SELECT version FROM ${tableOf(aggregate)} WHERE id = $1`, [id]).catch(badId),
    sql.unsafe(
      `SELECT seq::float8 AS seq, id::text AS id, type, version, ${instantSql('occurred_at')} AS time
       FROM outbox WHERE aggregatetype = $1 AND aggregateid = $2 ORDER BY version DESC, seq DESC LIMIT ${eventsMax}`,
      [aggregate.name, id],
    ),
    showParked(sql, { aggregatetype: aggregate.name, aggregateid: id }, { limit: 1 }),
  ])
  return {
    rowVersion: rows[0]?.version,
    events: [...events],
    parked: parked && {
      reason: parked.reason,
      since: parked.parked_at,
      firstSeq: parked.first_seq,
      events: parked.events,
      releaseRequested: parked.release_requested_at !== null,
    },
  }
}

function badId(error: unknown): never {
  if (sqlState(error)?.startsWith('22'))
    throw new UsageError('the id is none of that aggregate: a UUID is wanted')
  throw error
}

/** @param newestVersion for read models that have a document a version */
export async function traceProjected(
  collectionOf: CollectionOf,
  generations: readonly Generations[],
  of: { aggregate: string; id: string; newestVersion: number },
): Promise<ProjectedTrace[]> {
  type Stored = { _id: string; version?: number; [field: string]: unknown }
  const { aggregate, id, newestVersion } = of
  const traced = generations.flatMap((model) =>
    model.fed.map(async (generation): Promise<ProjectedTrace> => {
      const { group, collection, key, perVersion } = modelAt(model, generation)
      // A key is a function of identity and version alone, or it could not be told before the event.
      const _id = key({ aggregate, aggregateId: id, version: newestVersion } as DomainEvent)
      const deletion = perVersion?.deletion ?? 'deleted_at'
      const projection = { version: 1, [deletion]: 1 }
      const found = await collectionOf<Stored>(collection).findOne({ _id }, { projection })
      return {
        group,
        serving: generation === model.serving,
        version: found?.version,
        deleted: found?.[deletion] !== undefined,
        parked: await parkedOf(collectionOf, group, id),
      }
    }),
  )
  return Promise.all(traced)
}

async function parkedOf(
  collectionOf: CollectionOf,
  group: string,
  aggregateId: string,
): Promise<ParkedAtProjector[]> {
  const found = await listParked(collectionOf, { group, aggregateId })
  return found.map((event) => ({
    id: event._id,
    type: event.event_type ?? 'unknown',
    version: event.version,
    code: event.code,
    since: event.parked_at,
    releaseRequested: event.release_requested_at !== undefined,
    lastError: event.last_error?.code,
  }))
}
