import { Elysia, type AnyElysia } from 'elysia'
import type { Health } from '../process/health.ts'
import type { Logger } from '../process/log.ts'
import { createGuard, guarded, resourcesOf, type AccessOptions } from './access/guard.ts'
import type { Asset } from './assets.ts'
import { bodyBytesMaxDefault, readJsonBody } from './body.ts'
import { contextOf } from './context.ts'
import { cors } from './cors.ts'
import { documentRoute } from './document.ts'
import { refuseUnacceptable, toProblem } from './errors.ts'
import { mediaTypes } from './media-types.ts'
import { operations } from './operations.ts'
import type { OtherService } from './page.ts'
import { pageRoutes } from './pages.ts'
import { problemRoutes } from './problem-pages.ts'
import { HttpProblem } from './problem.ts'
import { queryRules } from './query-rules.ts'
import { pathOf, refuseMalformed } from './request-line.ts'
import { createRouting, type RouteEntry } from './routing.ts'
import { securityHeaders } from './security-headers.ts'
import type { WriteRules } from './write-document.ts'

export interface HttpAppOptions {
  /** Shown as the document's title. */
  readonly title: string
  readonly description: string
  readonly log: Logger
  readonly health: Health
  readonly metricsText: () => Promise<string>
  /** Told of every answer; must not throw. `route` is the pattern, undefined where none matched. */
  readonly onAnswer?: (answer: Answer) => void
  /** Largest request body, in bytes. */
  readonly bodyBytesMax?: number
  /** Origins whose pages may call (see `cors`); without it no page but our own. */
  readonly corsOrigins?: readonly string[]
  /** `/` and `/swagger` for people; without it there is only `/swagger/json`. */
  readonly pages?: { readonly assets: readonly Asset[]; readonly other: OtherService }
  /** Where there are writes, what they ask for: for the OpenAPI document. */
  readonly writes?: WriteRules
  /** Who may call, and how often; without it everyone, and without end. */
  readonly access?: AccessOptions
  /** For so long browsers are to come by HTTPS only, in seconds; 0 does not say. */
  readonly hstsMaxAgeS?: number
  /** The resources: Elysia plugins with their schemas. */
  readonly modules?: readonly AnyElysia[]
}

export interface Answer {
  readonly method: string
  readonly route: string | undefined
  readonly status: number
  readonly seconds: number
}

/**
 * The one HTTP shell of every process: request ids, problems, who may call, body rules, CORS, health, metrics,
 * OpenAPI, pages.
 * Web-standard: `app.fetch` runs wherever `Request` and `Response` exist.
 */
export function createHttpApp(options: HttpAppOptions) {
  const { log, pages, modules = [], bodyBytesMax = bodyBytesMaxDefault } = options
  const crossOrigin = options.corsOrigins && cors(options.corsOrigins)
  const routing = createRouting(() => app.routes as readonly RouteEntry[])
  const operational = operations(options)
  const headersOfAll = securityHeaders(options.hstsMaxAgeS)
  let resources: ReadonlySet<string> | undefined
  const guard = createGuard(options.access ?? {}, () => (resources ??= resourcesOf(app.routes)))
  // Hooks reach only what is declared after them. `normalize` would drop unknown properties silently.
  const app = new Elysia({ normalize: false, handler: { standardHostname: false } })
    .onRequest(({ request, set }) => {
      Object.assign(set.headers, headersOfAll)
      set.headers['x-request-id'] = contextOf(request).requestId
      if (crossOrigin) set.headers['vary'] = 'Origin'
      const origin = crossOrigin && request.headers.get('origin')
      if (origin) Object.assign(set.headers, crossOrigin.headersFor(origin))
      refuseMalformed(request)
      return origin ? crossOrigin.preflight(request) : undefined
    })
    .use((shell) => (guard ? guarded(shell, guard) : shell))
    .onError({ as: 'global' }, ({ code, error, set, request }) => {
      const { requestId } = contextOf(request)
      if (code === 'NOT_FOUND' && request.method === 'OPTIONS') {
        const abilities = routing.abilitiesOf(pathOf(request.url))
        if (abilities) {
          set.status = 204
          Object.assign(set.headers, abilities)
          return ''
        }
      }
      const problem =
        code === 'NOT_FOUND'
          ? routing.notFoundOrMethod(pathOf(request.url))
          : (toProblem(code, error) ?? ourFault(error, requestId))
      set.status = problem.status
      Object.assign(set.headers, problem.headers())
      // Returned and not thrown or wrapped: only so are status and route right in onAfterResponse.
      return problem.body(requestId)
    })
    .onAfterResponse({ as: 'global' }, ({ request, set, route }) => {
      const context = contextOf(request)
      const status = Number(set.status ?? 200)
      const seconds = (performance.now() - context.startedAtMs) / 1000
      try {
        options.onAnswer?.({ method: request.method, route: route || undefined, status, seconds })
        const write = status >= 500 ? log.warn.bind(log) : log.debug.bind(log)
        write('answered', {
          request_id: context.requestId,
          traceparent: context.traceparent,
          method: request.method,
          route,
          status,
          ms: Math.round(seconds * 1e6) / 1e3,
        })
      } catch (error) {
        // An exception here would become an unhandled rejection.
        log.error('after an answer', { error })
      }
    })
    .use(operational)
    .use(documentRoute(options, [...modules, operational]))
    .use(problemRoutes(pages !== undefined))
    .use(pages ? pageRoutes({ ...options, ...pages }, pages.assets) : (shell) => shell)
    .onParse({ as: 'global' }, ({ request, route }) =>
      readJsonBody(request, {
        bytesMax: bodyBytesMax,
        mediaTypes: routing.mediaTypesOf(request.method, route),
      }),
    )
    .onTransform({ as: 'global' }, ({ request, route }) => {
      refuseUnacceptable(request.headers.get('accept'), offered(route))
      refuseParameters(request, route)
    }) as unknown as AnyElysia
  for (const module of modules) app.use(module)
  const offered = mediaTypes(() => app.routes)
  const refuseParameters = queryRules(() => app.routes)

  function ourFault(error: unknown, requestId: string): HttpProblem {
    log.error('unexpected error', { request_id: requestId, error })
    return new HttpProblem('internal', { detail: 'quote the request_id when you report this' })
  }
  return app
}
