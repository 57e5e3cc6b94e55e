import {
  create,
  invalid,
  json,
  list,
  marker,
  personText,
  to,
  type BadInput,
  type Category,
} from './corpus.ts'

const names = ['first_name', 'last_name'] as const
/** As JSON has them, so that they can hold what no string may. */
const noNames: readonly [name: string, json: string][] = [
  ['empty', '""'],
  ['a space', '" "'],
  ['a no-break space', '"\\u00a0"'],
  ['wide spaces', '"\\u3000\\u2003"'],
  ['a byte order mark', '"\\ufeff"'],
  ['NUL', '"A\\u0000da"'],
  ['NUL alone', '"\\u0000"'],
  ['a bell', '"\\u0007"'],
  ['a line feed', '"A\\nda"'],
  ['a carriage return', '"Ada\\r\\nX-Evil: 1"'],
  ['a tab', '"A\\tda"'],
  ['a terminal escape', '"\\u001b[31mAda"'],
  ['DEL', '"A\\u007fda"'],
  ['NEL', '"A\\u0085da"'],
  ['the last control', '"A\\u009fda"'],
  ['a high surrogate', '"A\\ud800da"'],
  ['a low surrogate', '"A\\udc00da"'],
  ['surrogates the wrong way round', '"A\\udc00\\ud800da"'],
  ['a surrogate at the end', '"Ada\\ud83d"'],
  ['101 letters', JSON.stringify('x'.repeat(101))],
  ['101 letters of two units', JSON.stringify('𝒳'.repeat(101))],
  ['10,000 letters', JSON.stringify(marker.repeat(1_200))],
  ['10,000 spaces', JSON.stringify(' '.repeat(10_000))],
]
const noEmails = [
  '',
  ' ',
  'ada',
  'ada@',
  '@example.com',
  'ada@example',
  'ada@.com',
  'ada@example.',
  'ada@example..com',
  'ada@@example.com',
  'ada@exam ple.com',
  'a da@example.com',
  'ada@example.com, b@example.com',
  'ada@example.com;b@example.com',
  '<ada@example.com>',
  'Ada <ada@example.com>',
  'mailto:ada@example.com',
  '"ada"@example.com',
  'ada(x)@example.com',
  'ada@[127.0.0.1]',
  'ada@example.com\\',
  'ada\u0000@example.com',
  'ada@example.com\u0000',
  'ada@example.com\r\nBcc: b@example.com',
  'ada\u00a0b@example.com',
  'ada\u200a@example.com',
  `${'a'.repeat(250)}@b.de`,
  `a@${'b'.repeat(250)}.de`,
  '@',
  '.@.',
  "' OR 1=1 --",
  'ada@\u001b.de',
]
const controls = ['%00', 'a%00', '%01', '%0a', 'a%0d%0ab', '%09', '%1b%5B31m', '%7f', '%c2%85', '%c2%9f']
const noInstants = [
  '',
  'now',
  'yesterday',
  '0',
  '1769860800',
  '2026',
  '2026-01',
  '2026-01-31',
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-01-31T24:30:00Z',
  '2026-01-31T12:00:00',
  '2026-01-31%2012:00:00',
  '2026-01-31T12:00:00%2B99:00',
  'Sat,%2031%20Jan%202026%2012:00:00%20GMT',
  '2999-01-01T00:00:00Z',
  '%00',
  '%7B%22$gt%22:0%7D',
]
const blanks = ['', '%20', '+', '%c2%a0', '%e3%80%80', '%ef%bb%bf', '%e2%80%83%20']

/** Values that fields and parameters of the right type must not have. */
export const fieldValues: Category = ({ user }) => [
  ...names.flatMap((field): BadInput[] =>
    noNames.map(([name, text]) => create(`${field}: ${name}`, personText(field, text), invalid(`/${field}`))),
  ),
  ...noEmails.map((email) =>
    create(`email: ${email.slice(0, 30)}`, personText('email', JSON.stringify(email)), invalid('/email')),
  ),
  ...names.map((field) =>
    to(
      'command',
      `${field} of a replacement`,
      { method: 'PUT', path: `/users/${user.id}`, body: personText(field, '"\\u0000"'), headers: json },
      invalid(`/${field}`),
    ),
  ),
  ...noInstants.map((instant) =>
    to('query', `as_of=${instant}`, { path: `/users/${user.id}?as_of=${instant}` }, invalid('query:as_of')),
  ),
  ...(['email', 'last_name', 'name_prefix'] as const).flatMap((parameter) => [
    ...[...controls, ...blanks].map((value) =>
      list(`${parameter}=${value}`, `${parameter}=${value}`, invalid(`query:${parameter}`)),
    ),
    list(`${parameter} of 255 letters`, `${parameter}=${'x'.repeat(255)}`, invalid(`query:${parameter}`)),
    list(
      `${parameter} of 255 letters of two units`,
      `${parameter}=${encodeURIComponent('𝒳'.repeat(255))}`,
      invalid(`query:${parameter}`),
    ),
  ]),
]
