import { nobody, to, type BadInput, type Category, type Service } from './corpus.ts'

const all = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'SEARCH',
  'PURGE',
  'REPORT',
  'QUERY',
  'LINK',
  'M-SEARCH',
] as const
/** Names that are none to the HTTP server, which ends the connection. */
const unknown = ['get', 'Post', 'FOO', 'GETT', 'X'.repeat(300)]

const known: Readonly<Record<Service, Readonly<Record<string, readonly string[]>>>> = {
  command: {
    '/users': ['POST', 'OPTIONS'],
    [`/users/${nobody}`]: ['DELETE', 'PATCH', 'PUT', 'OPTIONS'],
    '/health/live': ['GET', 'HEAD', 'OPTIONS'],
  },
  query: {
    '/users': ['GET', 'HEAD', 'OPTIONS'],
    [`/users/${nobody}`]: ['GET', 'HEAD', 'OPTIONS'],
    '/health/live': ['GET', 'HEAD', 'OPTIONS'],
  },
}

/** Methods that a resource does not have, or nobody. */
export const methods: Category = () =>
  (['command', 'query'] as const).flatMap((service): BadInput[] => [
    ...Object.entries(known[service]).flatMap(([path, allow]) =>
      all
        .filter((method) => !allow.includes(method))
        .map((method) =>
          to(
            service,
            `${method} ${path}`,
            { method, path },
            { status: 405, slug: 'method-not-allowed', allow },
          ),
        ),
    ),
    ...unknown.map((method) =>
      to(
        service,
        `unknown ${JSON.stringify(method.slice(0, 8))}`,
        { method, path: '/users' },
        { status: 'none', isClosed: true },
      ),
    ),
    ...['GET', 'POST', 'PATCH'].map((method) =>
      to(service, `${method} of nothing`, { method, path: '/nothing' }, { status: 404, slug: 'not-found' }),
    ),
  ])
