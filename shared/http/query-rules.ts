import { errorsMax, pointerCharsMax } from './errors.ts'
import { HttpProblem } from './problem.ts'
import { queryOf } from './request-line.ts'

interface Route {
  readonly method: string
  readonly path: string
  readonly hooks?: unknown
}

/**
 * What a schema of the query string cannot refuse: Elysia keeps one of several values of a parameter silently, and does
 * not look at the parameters of a route that declares none.
 * @param routes of the whole app, asked for once, at the first request
 * @returns throws HttpProblem 422 naming each parameter at fault; given a request and its route's pattern
 */
export function queryRules(routes: () => readonly Route[]) {
  let withSchema: ReadonlySet<string> | undefined
  return ({ method, url }: Request, route: string): void => {
    const query = queryOf(url)
    if (query === '') return
    withSchema ??= new Set(routes().filter(hasQuery).map(nameOf))
    const isKnown = withSchema.has(nameOf({ method: method === 'HEAD' ? 'GET' : method, path: route }))
    const faults = new Map<string, string>()
    const seen = new Set<string>()
    // With a question mark before it: else the first one of `??` would be taken for it.
    for (const name of new URLSearchParams(`?${query}`).keys()) {
      if (!isKnown) faults.set(name, 'is not known here')
      else if (seen.has(name)) faults.set(name, 'must be given once')
      seen.add(name)
    }
    if (faults.size === 0) return
    const errors = [...faults]
      .slice(0, errorsMax)
      .map(([name, detail]) => ({ pointer: `query:${name}`.slice(0, pointerCharsMax), detail }))
    throw new HttpProblem('invalid', { errors })
  }
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`
const hasQuery = ({ hooks }: Route) => (hooks as { query?: unknown } | undefined)?.query !== undefined
