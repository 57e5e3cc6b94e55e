import { HttpProblem } from './problem.ts'

/** A route as the app lists it. */
export interface RouteEntry {
  readonly method: string
  readonly path: string
  readonly hooks?: { readonly detail?: { readonly [mediaTypesKey]?: readonly string[] } }
}

/** In a route's `detail`: the media types of the bodies it takes, where it is not plain JSON alone. */
export const mediaTypesKey = 'x-media-types'
export const mergePatchType = 'application/merge-patch+json'
const plainJson = ['application/json'] as const

export interface Routing {
  /** Media types of the bodies that a route takes. @param pattern its path as declared */
  mediaTypesOf(method: string, pattern: string): readonly string[]
  /** Headers that say what a path knows: `Allow`, and `Accept-Patch` where it does; undefined for an unknown path. */
  abilitiesOf(pathname: string): Readonly<Record<string, string>> | undefined
  /** Elysia answers a wrong method on a known path with 404; here it becomes 405 with `Allow`. */
  notFoundOrMethod(pathname: string): HttpProblem
}

/** @param routesOf asked once, at the first request: by then every module is there */
export function createRouting(routesOf: () => readonly RouteEntry[]): Routing {
  let known: readonly Known[] | undefined
  const routes = () => (known ??= routesOf().map(knownOf))
  const byRoute = new Map<string, readonly string[]>()

  function abilitiesOf(pathname: string) {
    const path = withoutSlash(pathname)
    const matching = routes().filter(({ pattern }) => pattern.test(path))
    if (matching.length === 0) return undefined
    const methods = new Set(['OPTIONS', ...matching.map(({ method }) => method)])
    if (methods.has('GET')) methods.add('HEAD')
    const patches = matching.find(({ method }) => method === 'PATCH')
    return {
      allow: [...methods].sort().join(', '),
      ...(patches && { 'accept-patch': patches.mediaTypes.join(', ') }),
    }
  }

  return {
    mediaTypesOf(method, pattern) {
      const key = `${method} ${pattern}`
      let found = byRoute.get(key)
      if (!found) {
        found = routes().find((route) => route.method === method && route.path === pattern)?.mediaTypes
        byRoute.set(key, (found ??= plainJson))
      }
      return found
    },
    abilitiesOf,
    notFoundOrMethod(pathname) {
      const headers = abilitiesOf(pathname)
      return headers ? new HttpProblem('method-not-allowed', { headers }) : new HttpProblem('not-found')
    },
  }
}

interface Known {
  readonly method: string
  readonly path: string
  readonly pattern: RegExp
  readonly mediaTypes: readonly string[]
}

const knownOf = ({ method, path, hooks }: RouteEntry): Known => ({
  method,
  path,
  pattern: patternOf(withoutSlash(path)),
  mediaTypes: hooks?.detail?.[mediaTypesKey] ?? plainJson,
})

/** The router takes a path with and without a slash at its end. */
const withoutSlash = (path: string) => path.replace(/(.)\/$/, '$1')

function patternOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[^\w-]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}$`)
}
