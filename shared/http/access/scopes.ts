/** What a request must show: nothing, or a token with this scope. */
export type Requirement = 'open' | { readonly scope: string }

/**
 * The one rule from a request to the scope it needs: `<resource>:read` or `<resource>:write`, the resource being the
 * first part of the path, or `ops` for what operators look at. What no rule opens is closed, routes that do not exist
 * and other spellings of one that does among it.
 */
export function requirementOf(method: string, pathname: string): Requirement {
  if (openPattern.test(pathname)) return 'open'
  const resource = resourceOf(pathname)
  if (operatorResources.has(resource)) return { scope: operatorScope }
  return { scope: `${resource}:${readMethods.has(method) ? 'read' : 'write'}` }
}

export const operatorScope = 'ops'

/** Documentation, metrics, pipeline health, and the pages: all that can be moved to a port of its own. */
export const isForOperators = (pathname: string): boolean =>
  operatorPattern.test(pathname) && !healthForAllPattern.test(pathname)

export const isHealth = (pathname: string): boolean => pathname.startsWith('/health/')

export const resourceOf = (pathname: string): string => pathname.split('/', 2)[1] ?? ''

/** Without the query; as it was sent, not decoded. */
export const pathOf = (url: string): string => /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] || '/'

const operatorResources = new Set(['metrics', 'health', 'swagger', 'asyncapi.json', 'schemas'])
const readMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
/** The pages are the same for everyone and hold nothing; what they show they ask for. */
const openPattern = /^\/($|assets\/[^/]+$|swagger\/?$|health\/(live|ready)\/?$|problems(\/[^/]*)?\/?$)/
const healthForAllPattern = /^\/health\/(live|ready)\/?$/
const operatorPattern = /^\/($|assets\/|(swagger|metrics|health|asyncapi\.json|schemas)(\/|$))/
