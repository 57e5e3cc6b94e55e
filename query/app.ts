import { createHttpApp, type HttpAppOptions } from '../shared/http/app.ts'
import { noTokens } from '../shared/http/consistency-token.ts'
import type { Serving } from './projector/generations/generations.ts'
import { extendedBy, type Extension } from './extensions.ts'
import { settingsOf } from './projector/model-settings.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { readModels } from './read-models.ts'
import { createServedReads, type ServedReadsOptions } from './served-reads.ts'
import { createNotices } from './waiting/notices.ts'
import { createWaitingRoom } from './waiting/room.ts'

export interface QueryAppDeps
  extends
    Omit<HttpAppOptions, 'title' | 'description' | 'modules'>,
    Pick<RouteOptions, 'publicUrl'>,
    Partial<Omit<RouteOptions, 'lagMs' | 'publicUrl' | 'settings' | 'extended'>>,
    Omit<ServedReadsOptions, 'serving' | 'room' | 'notices'>,
    Partial<Pick<ServedReadsOptions, 'room' | 'notices'>> {
  /** Which generation is read; by default that of the code. */
  readonly serving?: ServedReadsOptions['serving']
  /** By how many milliseconds the read model of this name may be behind. */
  readonly lagMs?: (name: string) => number | undefined
  /** The process's, for those that are a read model's own; their defaults without it. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** The query service's HTTP side, for `main.ts` and for tests. Web-standard: every dependency is handed in. */
export function createQueryApp(deps: QueryAppDeps) {
  const { room = createWaitingRoom(waitingMax), notices = createNotices() } = deps
  const extensions: Extension[] = []
  const parts = readModels.map((model) => {
    const ofCode: Serving = { model, before: undefined }
    const reads = createServedReads<never>(model.name, { serving: () => ofCode, ...deps, room, notices })
    const options: RouteOptions = {
      publicUrl: deps.publicUrl,
      cacheControl: deps.cacheControl ?? 'no-cache',
      tokens: deps.tokens ?? noTokens,
      waitDefaultS: deps.waitDefaultS ?? 2,
      waitMaxS: deps.waitMaxS ?? 10,
      lagMs: () => deps.lagMs?.(model.name),
      settings: settingsOf(model, deps.settings ?? {}),
      extended: (path) => extendedBy(extensions, path),
    }
    extensions.push(...(model.extensions?.(reads, options) ?? []))
    return { model, reads, options }
  })
  return createHttpApp({
    ...deps,
    title: 'Query service',
    description: 'Reads of the read models. Their store follows the writes by some milliseconds.',
    modules: parts.map(({ model, reads, options }) => model.routes(reads, options)),
  })
}

const waitingMax = 1_000
