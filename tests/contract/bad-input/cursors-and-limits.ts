import {
  create,
  invalid,
  json,
  list,
  marker,
  mergePatch,
  nobody,
  personWith,
  to,
  type BadInput,
  type Category,
  type Expectation,
} from './corpus.ts'

const noLimits = [
  '',
  '0',
  '-1',
  '101',
  '1000000',
  '99999999999999999999',
  '1.5',
  '10.0',
  '1e1',
  '0x10',
  '%2B1',
  '%201',
  '1%20',
  '1,000',
  '1;2',
  'abc',
  'NaN',
  'Infinity',
  'true',
  'null',
  '[]',
  '%EF%BC%91',
  '%D9%A1',
  '%00',
  '1%00',
  '10%',
  '$gt',
  "1'",
  '--1',
  '²'.normalize(),
].map((limit) => (limit === '10%' ? '10%25' : limit === '²' ? '%C2%B2' : limit))
const noSorts = [
  '',
  'id',
  '_id',
  'email',
  'first_name',
  'password',
  'CREATED_AT',
  '--created_at',
  '+created_at',
  'created_at%20',
  'created_at,last_name',
  'created_at:desc',
  '$natural',
  '%7B%22email%22:1%7D',
  'last_name%00',
  '-',
  '__proto__',
  'constructor',
  '1',
  "last_name'",
]
const badCursor: Expectation = { status: 400, slug: 'bad-cursor' }
const tooLarge: Expectation = { status: 413, slug: 'content-too-large' }
const bodyBytesMax = 65_536
const padded = (bytes: number) => personWith({}).padEnd(bytes, ' ')
/** Nothing of its length beforehand. */
const chunked = (...chunks: string[]) =>
  chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('') + '0\r\n\r\n'
const postChunked = (name: string, body: string, expect: Expectation) =>
  create(name, body, expect, { ...json, 'transfer-encoding': 'chunked' })

/** Pages that are none, and more than there may be. */
export const cursorsAndLimits: Category = ({ user, cursor, cursorByName }) => [
  ...noLimits.map((limit) => list(`limit=${limit}`, `limit=${limit}`, invalid('query:limit'))),
  ...noSorts.map((sort) => list(`sort=${sort}`, `sort=${sort}`, invalid('query:sort'))),
  list('limit twice', 'limit=1&limit=2', invalid('query:limit')),
  list('cursor twice', `cursor=${cursor}&cursor=${cursor}`, invalid('query:cursor')),
  list('an empty cursor', 'cursor=', invalid('query:cursor')),
  list('a cursor of 5,001 letters', `cursor=${'A'.repeat(5_001)}`, invalid('query:cursor')),
  ...[
    'x',
    '=',
    '====',
    'AAAA',
    '%2F',
    '!!!!',
    '..',
    'e30',
    '%20',
    nobody,
    marker,
    '0',
    'null',
    'eyJhIjoxfQ',
    `${cursor}${cursor}`,
    `${cursor}!`,
    `%20${cursor}%20`,
  ].map((text) => list(`cursor=${text.slice(-40)}`, `cursor=${text}`, badCursor)),
  list('a cut cursor', `cursor=${cursor.slice(0, -4)}`, badCursor),
  list('a cursor without its beginning', `cursor=${cursor.slice(4)}`, badCursor),
  list('a cursor in another case', `cursor=${cursor.toLowerCase()}`, badCursor),
  list('a cursor the wrong way round', `cursor=${[...cursor].toReversed().join('')}`, badCursor),
  list('a cursor of another order', `cursor=${cursor}&sort=last_name`, badCursor),
  list('a cursor of the order turned round', `cursor=${cursor}&sort=-created_at`, badCursor),
  list('a cursor of the usual order', `cursor=${cursorByName}`, badCursor),
  list('a cursor without its filter', `cursor=${cursor}&name_prefix=a`, badCursor),
  list('a cursor with an e-mail', `cursor=${cursor}&email=a@example.com`, badCursor),
  ...[`/users?limit=1`, '/users?cursor=x', '/users?dry_run=1', '/users?__proto__=1'].map((path): BadInput =>
    to(
      'command',
      `POST ${path}`,
      { method: 'POST', path, headers: json, body: personWith({}) },
      invalid(`query:${/\?(\w+)/.exec(path)![1]}`),
    ),
  ),
  ...['limit=1', 'force=true', 'cursor=', 'version=1', 'email[$ne]=1'].flatMap((query): BadInput[] => {
    const expect = invalid(`query:${query.split('=')[0]}`)
    const path = `/users/${user.id}?${query}`
    return [
      to('command', `DELETE ?${query}`, { method: 'DELETE', path }, expect),
      to('command', `PUT ?${query}`, { method: 'PUT', path, headers: json, body: personWith({}) }, expect),
      to('command', `PATCH ?${query}`, { method: 'PATCH', path, headers: mergePatch, body: '{}' }, expect),
    ]
  }),
  ...[1, 2, 1_000, 500_000].map((more) =>
    create(`a body of ${more} bytes too many`, padded(bodyBytesMax + more), tooLarge),
  ),
  to(
    'command',
    'a replacement that is too large',
    { method: 'PUT', path: `/users/${user.id}`, headers: json, body: padded(bodyBytesMax + 1) },
    tooLarge,
  ),
  postChunked('chunks of one byte too many', chunked(padded(bodyBytesMax), ' '), tooLarge),
  postChunked('a chunk that is too large', chunked(padded(2 * bodyBytesMax)), tooLarge),
  postChunked(
    'a thousand chunks',
    chunked(...Array.from({ length: 1_000 }, () => ' '.repeat(100))),
    tooLarge,
  ),
  postChunked('chunks of nothing', chunked(' ', ' '), { status: 400, slug: 'malformed-json' }),
  create('more announced than the server takes', padded(1_200_000), { status: 413, isClosed: true }),
  create(
    'a gigabyte announced',
    '{}',
    { status: 413, isClosed: true },
    { ...json, 'content-length': '1073741824' },
  ),
  to(
    'query',
    'a query of 20 kB',
    { path: `/users?email=${'a'.repeat(20_000)}` },
    { status: 431, isClosed: true },
  ),
  to(
    'command',
    'a path of 20 kB',
    { method: 'DELETE', path: `/users/${'a'.repeat(20_000)}` },
    { status: 431, isClosed: true },
  ),
  list('300 parameters', Array.from({ length: 300 }, (_, n) => `p${n}=1`).join('&'), invalid()),
]
