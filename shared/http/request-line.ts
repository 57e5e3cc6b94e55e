import { HttpProblem } from './problem.ts'

/** Without scheme, host and query. Not by `new URL`: a request without a good `Host` has a URL that is none. */
export function pathOf(requestUrl: string): string {
  return /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(requestUrl)?.[1] || '/'
}

/** What follows the question mark; empty where there is none. */
export function queryOf(requestUrl: string): string {
  const start = requestUrl.indexOf('?')
  return start < 0 ? '' : requestUrl.slice(start + 1)
}

/**
 * What URLs mend silently or not at all, each in its own way, must be right before anything is read from them.
 * @throws HttpProblem 400 `bad-request` for a `Host` that names no host, and for a query that is not percent-encoded UTF-8
 */
export function refuseMalformed(request: Request): void {
  const host = request.headers.get('host')
  if (host !== null && !hostPattern.test(host))
    throw new HttpProblem('bad-request', { detail: 'Host must name one host, with or without its port' })
  const query = queryOf(request.url)
  if (query.includes('%') && !isDecodable(query))
    throw new HttpProblem('bad-request', { detail: 'the query string is not percent-encoded UTF-8' })
}

const hostPattern = /^(?:[\w.~%-]{1,255}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
