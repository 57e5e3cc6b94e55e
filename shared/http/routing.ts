import { HttpProblem } from './problem.ts'

export interface RouteEntry {
  readonly method: string
  readonly path: string
}

/** Elysia answers a wrong method on a known path with 404; here it becomes 405 with `Allow`. */
export function notFoundOrMethod(routes: readonly RouteEntry[], pathname: string): HttpProblem {
  const methods = new Set<string>()
  for (const route of routes)
    if (patternOf(withoutSlash(route.path)).test(withoutSlash(pathname))) {
      methods.add(route.method)
      if (route.method === 'GET') methods.add('HEAD')
    }
  if (methods.size === 0) return new HttpProblem('not-found')
  return new HttpProblem('method-not-allowed', { headers: { allow: [...methods].sort().join(', ') } })
}

/** The router takes a path with and without a slash at its end. */
const withoutSlash = (path: string) => path.replace(/(.)\/$/, '$1')

const patterns = new Map<string, RegExp>()

function patternOf(path: string): RegExp {
  let pattern = patterns.get(path)
  if (!pattern) {
    const source = path
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[^\w-]/g, '\\$&')))
      .join('/')
    patterns.set(path, (pattern = new RegExp(`^${source}$`)))
  }
  return pattern
}
