import {
  create,
  json,
  list,
  malformedJson,
  marker,
  nobody,
  personWith,
  to,
  unsupported,
  badRequest,
  invalid,
  type Category,
} from './corpus.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const within = (...bytes: number[]) =>
  Buffer.concat([
    Buffer.from('{"first_name":"'),
    Uint8Array.from(bytes),
    Buffer.from('","last_name":"x","email":"x@example.com"}'),
  ])
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()

/** Bytes in a JSON string that are no UTF-8. */
const notUtf8: readonly [name: string, bytes: number[]][] = [
  ['a lone continuation', [0x80]],
  ['two continuations', [0x80, 0xbf]],
  ['a start without an end', [0xc3]],
  ['a start of three with one', [0xe2, 0x82]],
  ['a start of four with two', [0xf0, 0x9f, 0x98]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong slash of three', [0xe0, 0x80, 0xaf]],
  ['an overlong slash of four', [0xf0, 0x80, 0x80, 0xaf]],
  ['a high surrogate', [0xed, 0xa0, 0x80]],
  ['a low surrogate', [0xed, 0xbf, 0xbf]],
  ['a pair of surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['FE', [0xfe]],
  ['FF', [0xff]],
  ['Latin-1', [...latin1('Zoë')]],
  ['Windows-1252', [0x93, 0x41, 0x94]],
]

const queries: readonly [name: string, text: string][] = [
  ['a percent sign alone', '%'],
  ['half an escape', '%4'],
  ['an escape that is none', '%zz'],
  ['a lone continuation', '%80'],
  ['FF', '%ff'],
  ['Latin-1', 'Zo%EB'],
  ['an overlong NUL', '%C0%80'],
  ['an overlong slash', '%C0%AF'],
  ['a high surrogate', '%ED%A0%80'],
  ['a pair of surrogates', '%ED%A0%BD%ED%B8%80'],
  ['above U+10FFFF', '%F4%90%80%80'],
  ['a cut sequence', '%E2%82'],
  ['an old Unicode escape', '%u0041'],
  ['UTF-16', '%FE%FF%00A'],
]

/** Texts in another encoding than UTF-8, in bodies, queries and paths; bodies that are encoded once more. */
export const encodings: Category = () => [
  ...notUtf8.map(([name, bytes]) => create(name, within(...bytes), malformedJson)),
  create('UTF-16 LE', Buffer.from(personWith({}), 'utf16le'), malformedJson),
  create('UTF-16 LE with a mark', Buffer.from(`\ufeff${personWith({})}`, 'utf16le'), malformedJson),
  create('UTF-16 BE', swapped(personWith({})), malformedJson),
  create('UTF-16 BE with a mark', swapped(`\ufeff${personWith({})}`), malformedJson),
  create(
    'UTF-32',
    Uint8Array.from([...personWith({})].flatMap((char) => [char.charCodeAt(0), 0, 0, 0])),
    malformedJson,
  ),
  create('two marks', `\ufeff\ufeff${personWith({})}`, malformedJson),
  create('UTF-7', '+AHsAIg-a+ACIAOg-1+AH0-', malformedJson),
  create('Base64', btoa(personWith({})), malformedJson),
  create('gzip without a word', Bun.gzipSync(Buffer.from(personWith({}))), malformedJson),
  create('deflate without a word', Bun.deflateSync(Buffer.from(personWith({}))), malformedJson),
  ...['gzip', 'deflate', 'br', 'zstd', 'identity', 'x-gzip', 'gzip, gzip', 'foo', ''].map((encoding) =>
    create(`Content-Encoding: ${encoding}`, Bun.gzipSync(Buffer.from(personWith({}))), unsupported, {
      ...json,
      'content-encoding': encoding,
    }),
  ),
  create('a bomb', Bun.gzipSync(Buffer.alloc(10_000_000)), unsupported, {
    ...json,
    'content-encoding': 'gzip',
  }),
  ...queries.flatMap(([name, text]) => [
    list(`in a filter: ${name}`, `last_name=${marker}${text}`, badRequest),
    list(`in a name: ${name}`, `${text}=1`, badRequest),
  ]),
  ...queries
    .slice(0, 8)
    .map(([name, text]) =>
      to('query', `in a path: ${name}`, { path: `/users/${nobody.slice(3)}${text}` }, invalid('path:id')),
    ),
  ...queries
    .slice(0, 8)
    .map(([name, text]) =>
      to(
        'command',
        `in a path: ${name}`,
        { method: 'DELETE', path: `/users/${nobody.slice(3)}${text}` },
        invalid('path:id'),
      ),
    ),
]
