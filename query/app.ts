import type { Collection } from 'mongodb'
import { createHttpApp, type HttpAppOptions } from '../shared/http/app.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { readModels } from './read-models.ts'
import { createReads } from './reads.ts'

export interface QueryAppDeps
  extends Omit<HttpAppOptions, 'title' | 'description' | 'modules'>, RouteOptions {
  /** The store's collections, by name; connected or not. */
  readonly collectionOf: <Document extends { _id: string }>(name: string) => Collection<Document>
  /** A read that took longer is answered 503. */
  readonly timeoutMs: number
}

/** The query service's HTTP side, for `main.ts` and for tests. Web-standard: every dependency is handed in. */
export function createQueryApp(deps: QueryAppDeps) {
  return createHttpApp({
    ...deps,
    title: 'Query service',
    description: 'Reads of the read models. Their store follows the writes by some milliseconds.',
    modules: readModels.map((model) =>
      model.routes(createReads<never>(deps.collectionOf(model.collection), deps), deps),
    ),
  })
}
