import type { Static, TObject } from '@sinclair/typebox'
import type { AnyElysia } from 'elysia'
import type { DomainEvent, EventCatalogue } from '../../shared/events/catalogue.ts'
import type { SettingsTable } from '../../shared/process/settings.ts'
import type { Extended, Extension } from '../extensions.ts'
import type { ServedReads } from '../served-reads.ts'
import type { FreshnessOptions } from '../waiting/freshness.ts'
import type { Sweep } from './sweeps.ts'

/** What the author of a read model writes; everything else is the machinery's. */
export interface ReadModelSpec<
  Event extends DomainEvent,
  Document extends TObject,
  Routes extends AnyElysia = AnyElysia,
> {
  /** `users`; with the generation it names the collection `users_g1` and the consumer group `users-g1`. */
  readonly name: string
  /**
   * Raised when `project` changes: an equal version never overwrites, so a changed projection is a new collection. The
   * first one has this number; those that rebuilds make count on by themselves. Until the rebuild after such a change
   * `routes` meets documents of both kinds.
   */
  readonly generation: number
  readonly handles: EventCatalogue<Event>
  /** The document without `_id` and `version`, which the machinery adds. */
  readonly document: Document
  readonly indexes: readonly Index[]
  /** Id of the document that an event belongs to; by default the aggregate's id. */
  key?(event: Event): string
  /** One document for each version of an aggregate, under the id that `versionKey` makes, and not its newest alone. */
  readonly perVersion?: PerVersion
  /**
   * Where several events may tell of one version, which of them the document is made of: of the two the one of higher
   * rank, from 1. Without it the version alone decides.
   */
  rank?(event: Event): number
  /** What an operator may set about it, as part of the query side's settings. */
  readonly settings?: SettingsTable
  /** What becomes of documents by themselves, as time goes on. */
  readonly sweep?: Sweep
  /**
   * Pure, and a function of this ONE event: it carries the state after the change, so that duplicates, gaps and
   * another order cannot hurt. `null` means deleted, and leaves a tombstone.
   */
  project(event: Event): Static<Document> | null
  routes(reads: ServedReads<Static<Document>>, options: RouteOptions): Routes
  /** What it answers on other read models' paths. */
  extensions?(reads: ServedReads<Static<Document>>, options: RouteOptions): readonly Extension[]
}

export interface PerVersion {
  /** A field that the document of a delete has, and no other: the history of a deleted aggregate ends so. */
  readonly deletion: string
}

/** Sorts as (id, version) does, as long as all ids have the same length. */
export const versionKey = (aggregateId: string, version: number): string =>
  `${aggregateId.toLowerCase()}.${String(version).padStart(10, '0')}`

/** Every version of one aggregate, as a condition on `_id`. */
export const versionsOf = (aggregateId: string) => ({
  $gt: `${aggregateId.toLowerCase()}.`,
  // The character that follows the dot.
  $lt: `${aggregateId.toLowerCase()}/`,
})

/** Tombstones have none of a document's fields, so every index is partial on its first one and skips them. */
export interface Index {
  readonly name: string
  readonly keys: Readonly<Record<string, 1 | -1>>
}

export interface RouteOptions extends FreshnessOptions {
  /** The service as clients see it, without a slash at its end. */
  readonly publicUrl: string
  /** `Cache-Control` of what is read. */
  readonly cacheControl: string
  /** By how much what is read may be behind the writes; undefined where that is not known. */
  readonly lagMs: () => number | undefined
  /** Of the read model's own settings, by name. */
  readonly settings: ReadModelSettings
  /** What other read models answer on a path of this one, where the request says so. */
  extended(path: string): Extended
}

export type ReadModelSettings = Readonly<Record<string, unknown>>

/**
 * A read model as the generic machinery knows it, with its events' and document's types forgotten. Those of its routes
 * are kept for typed clients.
 */
export interface ReadModel<Routes extends AnyElysia = AnyElysia> {
  readonly name: string
  readonly generation: number
  readonly group: string
  readonly collection: string
  readonly handles: EventCatalogue
  readonly document: TObject
  readonly indexes: readonly Index[]
  /** A document is one aggregate's, and has its id. */
  readonly isKeyedByAggregate: boolean
  readonly perVersion?: PerVersion
  key(event: DomainEvent): string
  rank?(event: DomainEvent): number
  readonly settings?: SettingsTable
  readonly sweep?: Sweep
  project(event: DomainEvent): object | null
  routes(reads: ServedReads<never>, options: RouteOptions): Routes
  extensions?(reads: ServedReads<never>, options: RouteOptions): readonly Extension[]
}

export function readModel<Event extends DomainEvent, Document extends TObject, Routes extends AnyElysia>(
  spec: ReadModelSpec<Event, Document, Routes>,
): ReadModel<Routes> {
  return {
    ...spec,
    ...namesOf(spec.name, spec.generation),
    isKeyedByAggregate: spec.key === undefined && spec.perVersion === undefined,
    key: spec.key ?? (spec.perVersion ? keyOfVersion : keyOfAggregate),
  } as unknown as ReadModel<Routes>
}

/** The same read model with another generation's queues and collection. */
export function atGeneration(model: ReadModel, generation: number): ReadModel {
  return { ...model, generation, ...namesOf(model.name, generation) }
}

const namesOf = (name: string, generation: number) => ({
  group: `${name}-g${generation}`,
  collection: `${name}_g${generation}`,
})

const keyOfAggregate = ({ aggregateId }: DomainEvent) => aggregateId.toLowerCase()
const keyOfVersion = ({ aggregateId, version }: DomainEvent) => versionKey(aggregateId, version)
