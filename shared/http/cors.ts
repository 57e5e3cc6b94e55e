/** Which pages of other origins may call, in the terms of the Fetch standard. */
export interface Cors {
  /** The headers of an answer to a page of this origin: none where it is not allowed. */
  headersFor(origin: string): Readonly<Record<string, string>>
  /** The whole answer to a preflight; undefined when the request is none. */
  preflight(request: Request): Response | undefined
}

/**
 * Cookies and HTTP authentication are never included, so an allowed page can do what any client can, and no more.
 * @param origins `https://app.example.com`, `http://localhost:*` for every port of a host, `*` for everyone
 */
export function cors(origins: readonly string[]): Cors {
  const patterns = origins.map(patternOf)
  const headersFor = (origin: string): Record<string, string> =>
    patterns.some((pattern) => pattern.test(origin))
      ? { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed }
      : {}
  return {
    headersFor,
    preflight({ method, headers }) {
      if (method !== 'OPTIONS' || !headers.has('access-control-request-method')) return undefined
      const answer = new Headers(headersFor(headers.get('origin') ?? ''))
      if (answer.has('access-control-allow-origin')) {
        answer.set('access-control-allow-methods', methods)
        answer.set('access-control-max-age', String(preflightMaxAgeS))
        // Every header may be sent: what they mean is each route's business.
        const asked = headers.get('access-control-request-headers')
        if (asked) answer.set('access-control-allow-headers', asked)
      }
      answer.set('vary', 'Origin, Access-Control-Request-Headers')
      return new Response(null, { status: 204, headers: answer })
    },
  }
}

/** What one origin or pattern of origins looks like: a setting is held to it. */
export const originPattern =
  /^(\*|https?:\/\/[a-z0-9.-]+(:(\d{1,5}|\*))?|https?:\/\/\[[0-9a-f:]+\](:(\d{1,5}|\*))?)$/i

function patternOf(origin: string): RegExp {
  if (origin === '*') return /^/
  const source = origin.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\\\*$/, '(:\\d+)?')
  return new RegExp(`^${source}$`, 'i')
}

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const exposed = [
  'Location, ETag, Link, Retry-After, X-Request-Id, Idempotency-Replayed, Consistency-Token',
  'Preference-Applied, Projection-Lag-Ms, Accept-Patch, RateLimit, RateLimit-Policy, WWW-Authenticate',
].join(', ')
/** Longer than this no browser remembers it. */
const preflightMaxAgeS = 7_200
