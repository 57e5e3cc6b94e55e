import { json, marker, personWith, to, type BadInput, type Category, type Expectation } from './corpus.ts'

const malformed: Expectation = { status: 400, slug: 'idempotency-key-malformed' }
const noKeys: readonly [name: string, value: string | Uint8Array | readonly string[]][] = [
  ['empty', ''],
  ['empty quotes', '""'],
  ['an open quote', '"a'],
  ['a closing quote', 'a"'],
  ['a quote within', 'a"b'],
  ['a quote within quotes', '"a"b"'],
  ['an escape of nothing', '"a\\b"'],
  ['an escape without an end', '"a\\"'],
  ['two keys', ['a', 'b']],
  ['a list', '"a", "b"'],
  ['a list without quotes', 'a,b'],
  ['a parameter', '"a"; v=1'],
  ['a parameter without quotes', 'a;v=1'],
  ['white space within', 'a b'],
  ['a tab within', '"a\tb"'],
  ['256 letters', 'a'.repeat(256)],
  ['256 letters in quotes', `"${'a'.repeat(256)}"`],
  ['10 kB', marker.repeat(1_000)],
  ['Latin-1', Uint8Array.of(0xe9)],
  ['UTF-8', Buffer.from('"é"')],
  ['single quotes and a comma', "'a','b'"],
  ['DEL', Uint8Array.of(0x61, 0x7f)],
  ['typographic quotes', Buffer.from('“a”')],
  ['an emoji', Buffer.from('😀')],
  ['a backslash', 'a\\b'],
  ['a comma alone', ','],
  ['a semicolon alone', ';'],
  ['quotes and text', '"a"b'],
  ['text and quotes', 'b"a"'],
  ['three quotes', '"""'],
  ['a trailing comma', '"a",'],
  ['two texts', '"a" "b"'],
]
const noTags = [
  '',
  ' ',
  'abc',
  '1',
  '"1',
  '1"',
  "'1'",
  'W/"1"',
  'w/"1"',
  '""',
  '"0"',
  '"-1"',
  '"01"',
  '"1.0"',
  '"2"',
  '"1e0"',
  '"99999999999999999999"',
  '"*"',
  '**',
  '* , "1"x',
  '"null"',
  '"W/1"',
  `"${marker}"`,
]

/** Keys, tokens and tags that nobody handed out. */
export const tokensAndKeys: Category = ({ user, other, usedKeys }) => {
  const path = `/users/${user.id}`
  const put = (name: string, headers: Record<string, string>, expect: Expectation) =>
    to(
      'command',
      name,
      { method: 'PUT', path, headers: { ...json, ...headers }, body: personWith({}) },
      expect,
    )
  const { token } = user
  const noTokens: readonly string[] = [
    'x',
    '.',
    marker,
    'null',
    '*',
    token.slice(0, -1),
    token.slice(1),
    `${token}A`,
    `A${token}`,
    token.toLowerCase(),
    token.toUpperCase(),
    [...token].toReversed().join(''),
    `"${token}"`,
    `${token}==`,
    `${token}, ${token}`,
    `${token};a=b`,
    `Bearer ${token}`,
    token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
    token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    btoa(`${user.id}.1`),
    btoa(`${user.id}.1.`),
    btoa(`${user.id}.99${'\0'.repeat(16)}`),
    btoa(JSON.stringify({ id: user.id, version: 1 })),
    `${token}.${other.token}`,
    `${token.slice(0, 20)}${other.token.slice(20)}`,
    encodeURIComponent(`{"$ne":1}`),
    '-'.repeat(60),
    '_'.repeat(2_000),
    'A'.repeat(8_000),
    user.id,
    `${user.id}.1`,
  ]
  const badToken: Expectation = { status: 400, slug: 'bad-token' }
  return [
    ...noKeys.map(([name, key]): BadInput =>
      to(
        'command',
        `a key: ${name}`,
        {
          method: 'POST',
          path: '/users',
          headers: { ...json, 'idempotency-key': key },
          body: personWith({}),
        },
        malformed,
      ),
    ),
    to(
      'command',
      'a key of another body',
      {
        method: 'POST',
        path: '/users',
        headers: { ...json, 'idempotency-key': usedKeys[0] },
        body: personWith({}),
      },
      { status: 422, slug: 'idempotency-key-reused' },
    ),
    to(
      'command',
      'a key in quotes of another body',
      {
        method: 'POST',
        path: '/users',
        headers: { ...json, 'idempotency-key': `"${usedKeys[1]}"` },
        body: personWith({}),
      },
      { status: 422, slug: 'idempotency-key-reused' },
    ),
    ...noTags.map((tag) =>
      put(`If-Match: ${tag}`, { 'if-match': tag }, { status: 412, slug: 'precondition-failed' }),
    ),
    ...noTags
      .slice(0, 8)
      .map((tag) =>
        to(
          'command',
          `DELETE with If-Match: ${tag}`,
          { method: 'DELETE', path, headers: { 'if-match': tag } },
          { status: 412, slug: 'precondition-failed' },
        ),
      ),
    ...noTokens.flatMap((sent, index): BadInput[] => [
      to(
        'query',
        `token ${index}: ${sent.slice(0, 40)}`,
        { path, headers: { 'consistency-token': sent } },
        badToken,
      ),
      to(
        'query',
        `token ${index} on a list`,
        { path: '/users', headers: { 'consistency-token': sent } },
        badToken,
      ),
    ]),
    to('query', "another user's token", { path, headers: { 'consistency-token': other.token } }, badToken),
    ...noKeys.map(([name, key]) =>
      to('query', `a key on a read: ${name}`, { path, headers: { 'idempotency-key': key } }, { status: 200 }),
    ),
    ...[
      'wait',
      'wait=',
      'wait=-1',
      'wait=abc',
      'wait=1e9',
      'wait="',
      ',',
      '=',
      'wait=1,wait=x',
      'respond-async; foo',
    ].map((prefer) =>
      to(
        'query',
        `Prefer: ${prefer}`,
        { path, headers: { prefer, 'consistency-token': token } },
        { status: 200 },
      ),
    ),
    ...['', 'abc', '"', 'W/', '"0"', "'1'", '"1', '*x', ','].map((tag) =>
      to('query', `If-None-Match: ${tag}`, { path, headers: { 'if-none-match': tag } }, { status: 200 }),
    ),
  ]
}
