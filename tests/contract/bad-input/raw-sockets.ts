import {
  marker,
  personWith,
  refusedByServer,
  services,
  type BadInput,
  type Category,
  type Expectation,
  type Service,
} from './corpus.ts'

const body = personWith({})
const post = (fields: string, rest: string) =>
  `POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${fields}\r\n${rest}`
const get = (rest: string) => `GET /users HTTP/1.1\r\nHost: a\r\n${rest}\r\n`
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const bad = refusedByServer(400)
/** The server reads the version before it sees that the line is wrong: it says 505, of itself, and closes. */
const badVersion = refusedByServer(505)
const silence: Expectation = { status: 'none', isClosed: true }

const sent: readonly [name: string, text: string, expect: Expectation][] = [
  [
    'length and chunks',
    post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`),
    bad,
  ],
  [
    'chunks and length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${smuggled}`),
    bad,
  ],
  ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', `{} ${smuggled}`), bad],
  ['two lengths in one', post('Content-Length: 2, 3\r\n', '{} '), bad],
  ['a negative length', post('Content-Length: -1\r\n', '{}'), bad],
  ['a length with a plus', post('Content-Length: +2\r\n', '{}'), bad],
  ['a length that is text', post('Content-Length: abc\r\n', '{}'), bad],
  ['a hexadecimal length', post('Content-Length: 0x2\r\n', '{}'), bad],
  ['a length beyond all numbers', post('Content-Length: 99999999999999999999\r\n', '{}'), bad],
  ['an unknown transfer encoding', post('Transfer-Encoding: gzip\r\n', '0\r\n\r\n'), bad],
  ['two transfer encodings', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), bad],
  [
    'chunked with a space before the colon',
    post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${smuggled}`),
    bad,
  ],
  ['a field without a colon', get('Foo\r\n'), bad],
  ['a field without a name', get(': foo\r\n'), bad],
  ['a space before the colon', get('Foo : bar\r\n'), bad],
  ['a folded field', get('Foo: bar\r\n baz\r\n'), bad],
  ['NUL in a field', get('Foo: b\0r\r\n'), bad],
  ['NUL in a name', get('Fo\0o: bar\r\n'), bad],
  ['a carriage return in a field', get('Foo: b\rar\r\n'), bad],
  ['a control in a name', get('F\x01o: bar\r\n'), bad],
  ['no Host', 'GET /users HTTP/1.1\r\n\r\n', bad],
  ['no method', ' /users HTTP/1.1\r\nHost: a\r\n\r\n', bad],
  ['no path', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', bad],
  ['a path without a slash', 'GET users HTTP/1.1\r\nHost: a\r\n\r\n', bad],
  ['a star', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', bad],
  ['a space in the path', 'GET /users /x HTTP/1.1\r\nHost: a\r\n\r\n', badVersion],
  ['no version', 'GET /users\r\n\r\n', badVersion],
  ['version 2.0', 'GET /users HTTP/2.0\r\nHost: a\r\n\r\n', badVersion],
  ['version 0.9', 'GET /users HTTP/0.9\r\nHost: a\r\n\r\n', badVersion],
  ['version 1.2', 'GET /users HTTP/1.2\r\nHost: a\r\n\r\n', badVersion],
  ['another protocol', 'GET /users SIP/2.0\r\nHost: a\r\n\r\n', badVersion],
  ['a line feed alone', 'GET /users HTTP/1.1\nHost: a\n\n', badVersion],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', bad],
  ['a TLS greeting', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', bad],
  ['an SSH greeting', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', bad],
  ['AMQP', 'AMQP\x00\x00\x09\x01', badVersion],
  ['NUL bytes', '\0'.repeat(100), bad],
  ['random bytes', String.fromCharCode(...Array.from({ length: 200 }, (_, n) => (n * 73 + 41) % 256)), bad],
]
/** What is refused where a body is read, which only the command service does. */
const bodies: readonly [name: string, text: string, expect: Expectation][] = [
  ['a chunk whose length is text', post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'), bad],
  [
    'a chunk that is longer than it says',
    post('Transfer-Encoding: chunked\r\n', `2\r\n${body}\r\n0\r\n\r\n`),
    bad,
  ],
  ['a negative chunk', post('Transfer-Encoding: chunked\r\n', '-2\r\n{}\r\n0\r\n\r\n'), bad],
  [
    'a chunk beyond all numbers',
    post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
    bad,
  ],
]
/** The client stops in the middle and says so. */
const halves: readonly [name: string, text: string][] = [
  ['half a request line', 'GET /us'],
  ['half a head', 'GET /users HTTP/1.1\r\nHost: a\r\nFo'],
  ['half a body', post('Content-Length: 1000\r\n', body)],
  ['half a chunk', post('Transfer-Encoding: chunked\r\n', `ff\r\n${body}`)],
  ['nothing', ''],
]

const raw = (
  service: Service,
  name: string,
  text: string,
  expect: Expectation,
  halfClose = false,
): BadInput => ({
  name,
  to: service,
  bytes: Buffer.from(text, 'latin1'),
  expect,
  halfClose,
})

/** What no client makes, and an attacker may: bytes on the wire that are not HTTP, or say two things at once. */
export const rawSockets: Category = () =>
  services.flatMap((service) => [
    ...sent.map(([name, text, expect]) => raw(service, name, text, expect)),
    ...(service === 'command' ? bodies : []).map(([name, text, expect]) => raw(service, name, text, expect)),
    ...(service === 'command' ? halves : halves.filter(([name]) => !/body|chunk/.test(name))).map(
      ([name, text]) => raw(service, `${name}, and the end`, text, silence, true),
    ),
    raw(
      service,
      'two requests, of which one is none',
      `GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /${marker}\r\n\r\n`,
      { status: 200, isClosed: true },
    ),
  ])
