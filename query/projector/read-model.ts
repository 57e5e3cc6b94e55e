import type { Static, TObject } from '@sinclair/typebox'
import type { AnyElysia } from 'elysia'
import type { DomainEvent, EventCatalogue } from '../../shared/events/catalogue.ts'
import type { Reads } from '../reads.ts'

/** What the author of a read model writes; everything else is the machinery's. */
export interface ReadModelSpec<Event extends DomainEvent, Document extends TObject> {
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
  /**
   * Pure, and a function of this ONE event: it carries the state after the change, so that duplicates, gaps and
   * another order cannot hurt. `null` means deleted, and leaves a tombstone.
   */
  project(event: Event): Static<Document> | null
  routes(reads: Reads<Static<Document>>, options: RouteOptions): AnyElysia
}

/** Tombstones have none of a document's fields, so every index is partial on its first one and skips them. */
export interface Index {
  readonly name: string
  readonly keys: Readonly<Record<string, 1 | -1>>
}

export interface RouteOptions {
  /** The service as clients see it, without a slash at its end. */
  readonly publicUrl: string
  /** `Cache-Control` of what is read. */
  readonly cacheControl: string
  /** By how much what is read may be behind the writes; undefined where that is not known. */
  readonly lagMs: () => number | undefined
}

/** A read model as the generic machinery knows it, with its events' and document's types forgotten. */
export interface ReadModel {
  readonly name: string
  readonly generation: number
  readonly group: string
  readonly collection: string
  readonly handles: EventCatalogue
  readonly document: TObject
  readonly indexes: readonly Index[]
  /** A document is one aggregate's, and has its id. */
  readonly isKeyedByAggregate: boolean
  key(event: DomainEvent): string
  project(event: DomainEvent): object | null
  routes(reads: Reads<never>, options: RouteOptions): AnyElysia
}

export function readModel<Event extends DomainEvent, Document extends TObject>(
  spec: ReadModelSpec<Event, Document>,
): ReadModel {
  return {
    ...spec,
    ...namesOf(spec.name, spec.generation),
    isKeyedByAggregate: spec.key === undefined,
    key: spec.key ?? ((event: DomainEvent) => event.aggregateId.toLowerCase()),
  } as unknown as ReadModel
}

/** The same read model with another generation's queues and collection. */
export function atGeneration(model: ReadModel, generation: number): ReadModel {
  return { ...model, generation, ...namesOf(model.name, generation) }
}

const namesOf = (name: string, generation: number) => ({
  group: `${name}-g${generation}`,
  collection: `${name}_g${generation}`,
})
