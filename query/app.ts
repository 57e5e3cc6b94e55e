import { createHttpApp, type HttpAppOptions } from '../shared/http/app.ts'
import type { Serving } from './projector/generations/generations.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { readModels } from './read-models.ts'
import { createServedReads, type ServedReadsOptions } from './served-reads.ts'

export interface QueryAppDeps
  extends
    Omit<HttpAppOptions, 'title' | 'description' | 'modules'>,
    Pick<RouteOptions, 'publicUrl'>,
    Partial<Pick<RouteOptions, 'cacheControl'>>,
    Omit<ServedReadsOptions, 'serving'> {
  /** Which generation is read; by default that of the code. */
  readonly serving?: ServedReadsOptions['serving']
  /** By how many milliseconds the read model of this name may be behind. */
  readonly lagMs?: (name: string) => number | undefined
}

/** The query service's HTTP side, for `main.ts` and for tests. Web-standard: every dependency is handed in. */
export function createQueryApp(deps: QueryAppDeps) {
  return createHttpApp({
    ...deps,
    title: 'Query service',
    description: 'Reads of the read models. Their store follows the writes by some milliseconds.',
    modules: readModels.map((model) => {
      const ofCode: Serving = { model, before: undefined }
      const reads = createServedReads<never>(model.name, { serving: () => ofCode, ...deps })
      return model.routes(reads, {
        publicUrl: deps.publicUrl,
        cacheControl: deps.cacheControl ?? 'no-cache',
        lagMs: () => deps.lagMs?.(model.name),
      })
    }),
  })
}
