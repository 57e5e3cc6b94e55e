import type { AnyElysia } from 'elysia'
import { identify, type Principal } from '../context.ts'
import { HttpProblem } from '../problem.ts'
import type { Auth } from './auth.ts'
import { clientAddress } from './client-address.ts'
import type { RateLimit, Verdict } from './rate-limit.ts'
import { isForOperators, isHealth, pathOf, requirementOf, resourceOf } from './scopes.ts'

/** Who may do what, and how often. Each part is absent where it is off. */
export interface AccessOptions {
  readonly auth?: Auth
  readonly rateLimit?: RateLimit
  /** Whose `X-Forwarded-For` is believed. */
  readonly isTrustedProxy?: (address: string) => boolean
  /** Pages, documentation, metrics and pipeline health are not served here, but for requests that this tells of. */
  readonly operatorRequests?: Pick<WeakSet<Request>, 'has'>
}

/** Lets a request pass, with what its answer's headers are to say, or throws. */
export type Guard = (
  request: Request,
  headers: Record<string, unknown>,
  peer: () => string | undefined,
) => Promise<void>

/**
 * Runs before a route is looked for and a body is read: no route does anything for it.
 * @param resources first parts of the paths that routes have
 * @returns undefined where nothing is to be guarded
 */
export function createGuard(options: AccessOptions, resources: () => ReadonlySet<string>): Guard | undefined {
  const { auth, rateLimit, isTrustedProxy = () => false, operatorRequests } = options
  if (!auth && !rateLimit && !operatorRequests) return undefined

  return async (request, headers, peer) => {
    const path = pathOf(request.url)
    if (operatorRequests) refuseElsewhere(operatorRequests.has(request), path)
    const isCounted = rateLimit !== undefined && !isHealth(path)
    const address = isCounted
      ? `address ${clientAddress(peer(), request.headers.get('x-forwarded-for'), isTrustedProxy)}`
      : ''
    const requirement = auth && requirementOf(request.method, path)
    if (!requirement || requirement === 'open') {
      if (isCounted) count(rateLimit.take(address), headers)
      return
    }
    const principal = await principalOf(request, isCounted ? address : undefined, headers)
    identify(request, principal)
    if (isCounted) count(rateLimit.take(`principal ${principal.subject}`), headers)
    if (principal.scopes.includes(requirement.scope)) return
    if (!resources().has(resourceOf(path))) throw new HttpProblem('not-found')
    throw new HttpProblem('forbidden', {
      detail: `it takes the scope ${requirement.scope}`,
      headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${requirement.scope}"` },
    })
  }

  /** Who sends bad tokens is counted by address, and kept from having more of them checked. */
  async function principalOf(
    { headers: sent }: Request,
    address: string | undefined,
    headers: Record<string, unknown>,
  ): Promise<Principal> {
    const known = auth!.known(sent)
    if (known) return known
    if (address !== undefined && !rateLimit!.allows(address)) count(rateLimit!.take(address), headers)
    try {
      return await auth!.authenticate(sent)
    } catch (error) {
      if (address !== undefined && error instanceof HttpProblem && error.status === 401)
        count(rateLimit!.take(address), headers)
      throw error
    }
  }
}

function count({ allowed, headers, retryAfterS }: Verdict, set: Record<string, unknown>): void {
  Object.assign(set, headers)
  if (!allowed) throw new HttpProblem('too-many-requests', { retryAfterS })
}

/** Operators' routes on their own port, everything else on the other, and the health that balancers ask on both. */
function refuseElsewhere(isOnOperatorPort: boolean, path: string): void {
  if (isOnOperatorPort ? isForOperators(path) || isHealth(path) : !isForOperators(path)) return
  throw new HttpProblem('not-found')
}

/** First parts of the paths of routes: `/users/:id` → `users`. */
export const resourcesOf = (routes: readonly { readonly path: string }[]): ReadonlySet<string> =>
  new Set(routes.map(({ path }) => resourceOf(path)))

/** The app with the guard in front of its routes; a preflight was answered before. */
export const guarded = <App extends AnyElysia>(app: App, guard: Guard): App =>
  app.onRequest(async ({ request, set, server }) => {
    await guard(request, set.headers, () => server?.requestIP(request)?.address)
  }) as App
