import {
  json,
  marker,
  nobody,
  personWith,
  to,
  toBoth,
  unsupported,
  type BadInput,
  type Category,
} from './corpus.ts'

const notAcceptable = { status: 406, slug: 'not-acceptable' } as const
const accepts = [
  'text/html',
  'text/plain',
  'image/*',
  'application/xml',
  'application/jsonx',
  'application/json;q=0',
  '*/*;q=0',
  'application/*;q=0.0',
  'text/html, application/xml;q=0.9',
  'json',
  'application/vnd.api+json',
  'audio/basic;q=1.0',
]
const mediaTypes = [
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
  'application/jsonx',
  'application/vnd.api+json',
  'application/problem+json',
  'application/json, application/json',
  'json',
  '',
  '*/*',
  'application/x-ndjson',
  'application/json; profile=x',
]
const notFound = { status: 404, slug: 'not-found' } as const
/** Taken for nothing, or taken as text: the request is answered as without it. */
const harmless: readonly [name: string, headers: Record<string, string | Uint8Array>][] = [
  ['a request id with quotes', { 'x-request-id': `"${marker}"` }],
  ['a request id of 10 kB', { 'x-request-id': marker.repeat(1_000) }],
  ['a request id in Latin-1', { 'x-request-id': Uint8Array.of(0xe9, 0xff, 0x80) }],
  ['a request id like a log line', { 'x-request-id': `{"level":"error","message":"${marker}"}` }],
  ['a trace parent of zeros', { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }],
  ['a trace parent of another version', { traceparent: 'ff-x' }],
  ['a trace state of 10 kB', { tracestate: 'a='.repeat(5_000) }],
  ['a correlation id with a template', { 'x-correlation-id': `$\{jndi:ldap://${marker}}` }],
  ['a method to be used instead', { 'x-http-method-override': 'DELETE' }],
  [
    'another host behind a proxy',
    { 'x-forwarded-host': `${marker}.example`, forwarded: `host=${marker}.example` },
  ],
  ['another address of the client', { 'x-forwarded-for': `${marker}, 127.0.0.1` }],
  ['a range', { range: 'bytes=0-1' }],
  ['a cookie of 8 kB', { cookie: `a=${'b'.repeat(8_000)}` }],
  ['an origin that is none', { origin: 'null' }],
  ['a language of nobody', { 'accept-language': 'xx;q=2, *;q=-1' }],
  ['an encoding of nobody', { 'accept-encoding': 'foo;q=9, *;q=0' }],
  ['a credential where none is asked for', { authorization: `Basic ${marker}` }],
]

/** Headers that cannot be served, or that say what they should not. */
export const headers: Category = () => [
  ...accepts.map((accept) =>
    to('query', `Accept: ${accept}`, { path: `/users/${nobody}`, headers: { accept } }, notAcceptable),
  ),
  ...accepts.map((accept) =>
    to(
      'command',
      `Accept: ${accept}`,
      { method: 'POST', path: '/users', headers: { ...json, accept }, body: personWith({}) },
      notAcceptable,
    ),
  ),
  ...mediaTypes.map((type) =>
    to(
      'command',
      `Content-Type: ${type}`,
      { method: 'POST', path: '/users', headers: { 'content-type': type }, body: personWith({}) },
      unsupported,
    ),
  ),
  ...[...mediaTypes, 'application/json', 'application/json-patch+json'].map((type) =>
    to(
      'command',
      `Content-Type of a change: ${type}`,
      { method: 'PATCH', path: `/users/${nobody}`, headers: { 'content-type': type }, body: '{}' },
      unsupported,
    ),
  ),
  to('command', 'no Content-Type', { method: 'POST', path: '/users', body: personWith({}) }, unsupported),
  ...[
    '',
    'a b',
    'a:b',
    'a:123456',
    '[',
    '[::1',
    'a/b',
    'me@a',
    'a?b',
    '<script>',
    `${'a'.repeat(300)}`,
  ].flatMap((host) =>
    toBoth(
      `Host: ${host.slice(0, 20)}`,
      { path: '/users', headers: { host } },
      { status: 400, slug: 'bad-request' },
    ),
  ),
  ...toBoth(
    'two Hosts',
    { path: '/users', headers: { host: ['a', 'b'] } },
    { status: 400, slug: 'bad-request' },
  ),
  ...harmless.flatMap(([name, sent]): BadInput[] => [
    to('query', name, { path: `/users/${nobody}`, headers: sent }, notFound),
    to('command', name, { method: 'DELETE', path: `/users/${nobody}`, headers: sent }, notFound),
  ]),
  ...toBoth(
    'a header of 100 kB',
    { path: '/users', headers: { x: 'a'.repeat(100_000) } },
    { status: 431, isClosed: true },
  ),
  ...toBoth(
    '500 headers',
    { path: '/users', headers: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`x-${n}`, 'a'])) },
    { status: 431, isClosed: true },
  ),
]
