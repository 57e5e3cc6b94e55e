import type { AnyElysia } from 'elysia'
import { createHttpApp, type HttpAppOptions } from '../shared/http/app.ts'
import type { RouteDeps } from './commit/http.ts'
import type { AsyncApiInput } from './contracts/asyncapi.ts'
import { contractRoutes } from './contracts/routes.ts'

export interface CommandAppDeps
  extends RouteDeps, Omit<HttpAppOptions, 'title' | 'description' | 'modules' | 'writes'> {
  /** The aggregates' routes. */
  readonly routes: readonly ((deps: RouteDeps) => AnyElysia)[]
  /** What is told about their events. */
  readonly contracts: AsyncApiInput
}

/** The command service as a web-standard app: `fetch` in, `Response` out, every dependency an argument. */
export function createCommandApp(deps: CommandAppDeps) {
  return createHttpApp({
    ...deps,
    writes: {
      isKeyRequired: deps.idempotencyKeyRequired ?? false,
      isIfMatchRequired: deps.ifMatchRequired ?? false,
    },
    title: 'Command service',
    description: 'Writes: each accepted command and its event are stored in one PostgreSQL transaction.',
    modules: [...deps.routes.map((routes) => routes(deps)), contractRoutes(deps.contracts)],
  })
}
