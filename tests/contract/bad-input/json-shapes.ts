import {
  create,
  invalid,
  list,
  malformedJson,
  marker,
  mergePatch,
  nobody,
  personText,
  personWith,
  to,
  type BadInput,
  type Category,
  type Expectation,
} from './corpus.ts'

const all = ['/first_name', '/last_name', '/email']
const notJson: readonly [name: string, body: string][] = [
  ['nothing but white space', ' \n\t '],
  ['an opening brace', '{'],
  ['a closing brace', '}'],
  ['a bracket', '['],
  ['a string without its end', '{"first_name":"Ada'],
  ['a name without a value', '{"first_name"}'],
  ['a name without quotes', '{first_name:"Ada"}'],
  ['single quotes', "{'first_name':'Ada'}"],
  ['a comma at the end', personWith({}).replace('}', ',}')],
  ['a comma at the beginning', personWith({}).replace('{', '{,')],
  ['no comma', personWith({}).replaceAll(',', ' ')],
  ['a comment', `${personWith({})} // ${marker}`],
  ['a block comment', `/* ${marker} */ ${personWith({})}`],
  ['two documents', personWith({}) + personWith({})],
  ['text before it', `)]}',\n${personWith({})}`],
  ['NaN', personText('first_name', 'NaN')],
  ['Infinity', personText('first_name', '-Infinity')],
  ['undefined', 'undefined'],
  ['a number with a zero before it', '01'],
  ['a number with a plus', '+1'],
  ['a hexadecimal number', '0x1'],
  ['a number without an end', '1e'],
  ['True', 'True'],
  ['a line feed in a string', personText('first_name', '"A\nda"')],
  ['a NUL in a string', personText('first_name', '"A\0da"')],
  ['an escape that is none', personText('first_name', '"\\x41"')],
  ['half a Unicode escape', personText('first_name', '"\\u12"')],
  ['NUL bytes after it', `${personWith({})}\0\0`],
  ['XML', `<user><email>${marker}@example.com</email></user>`],
  ['YAML', `first_name: Ada\nemail: ${marker}@example.com`],
  ['a form', `first_name=Ada&email=${marker}%40example.com`],
  [
    'an entity that includes',
    `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
  ],
]
const notObjects: readonly [name: string, body: string][] = [
  ['null', 'null'],
  ['a number', '1'],
  ['a huge number', '1e999'],
  ['a string', `"${marker}"`],
  ['true', 'true'],
  ['an array', '[]'],
  ['an array of users', `[${personWith({})}]`],
  ['10,000 open brackets', '['.repeat(10_000)],
  ['10,000 arrays in each other', '['.repeat(10_000) + ']'.repeat(10_000)],
]
const foreign = [
  'id',
  'version',
  'created_at',
  'updated_at',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'is_admin',
  '$set',
  '_id',
  '',
]
const values: readonly [name: string, value: unknown][] = [
  ['null', null],
  ['a number', 1],
  ['true', true],
  ['an array', [marker]],
  ['an empty object', {}],
  ['an operator', { $ne: null }],
  ['an object that is text', { toString: marker, length: 3 }],
]

const cursor = (json: string) => Buffer.from(json).toString('base64url')
const cursors: readonly [name: string, json: string][] = [
  ['null', 'null'],
  ['a number', '1'],
  ['a string', '"x"'],
  ['true', 'true'],
  ['an object', '{}'],
  ['an empty array', '[]'],
  ['one element', '["created_at"]'],
  ['three elements', `["created_at",1,"${nobody}"]`],
  ['five elements', `["created_at",1,"${nobody}","${nobody}",1]`],
  ['numbers', '[1,2,3,4]'],
  ['nulls', '[null,null,null,null]'],
  ['an operator as its value', `["created_at",223132457,{"$gt":""},"${nobody}"]`],
  ['an operator as its id', `["created_at",223132457,"${nobody}",{"$ne":1}]`],
  ['an array as its value', `["created_at",223132457,["a"],"${nobody}"]`],
  ['an id that is none', '["created_at",223132457,"a","b"]'],
  ['a checksum of nothing', `["created_at",0,"${nobody}","${nobody}"]`],
  ['a checksum that is text', `["created_at","223132457","${nobody}","${nobody}"]`],
  ['an order of nobody', `["_id",223132457,"${nobody}","${nobody}"]`],
  ['an order that is none', `[{"$ne":1},223132457,"${nobody}","${nobody}"]`],
  ['nested arrays', '['.repeat(500) + ']'.repeat(500)],
  ['a comma at its end', '["created_at",]'],
  ['NaN', '[NaN]'],
  ['two documents', '[][]'],
  ['a prototype', '{"__proto__":[1,2,3,4]}'],
  ['half of it', '["created_at"'],
  ['an array-like object', '{"0":"created_at","length":4}'],
  ['nothing but white space', '  '],
  ['single quotes', "['a']"],
  ['a huge number', '[1e999]'],
  ['a number without an end', '[1e]'],
  ['a surrogate', '["\\ud800",1,"a","b"]'],
]

/** JSON that is none, or is another than was asked for: in bodies, and within cursors, which are JSON in disguise. */
export const jsonShapes: Category = ({ user }) => {
  const patch = (name: string, body: string, expect: Expectation) =>
    to('command', name, { method: 'PATCH', path: `/users/${user.id}`, headers: mergePatch, body }, expect)
  return [
    create('no body', undefined, invalid('/')),
    create('an empty body', '', invalid('/')),
    ...notJson.map(([name, body]) => create(name, body, malformedJson)),
    ...notObjects.map(([name, body]) => create(name, body, invalid('/'))),
    create('an empty object', '{}', invalid(...all)),
    ...all.map((pointer) =>
      create(`without ${pointer}`, personWith({ [pointer.slice(1)]: undefined }), invalid(pointer)),
    ),
    ...foreign.map((name) =>
      create(
        `with ${name}`,
        personText('first_name', `"Ada",${JSON.stringify(name)}:1`),
        invalid(`/${name}`),
      ),
    ),
    create(
      '6,000 fields',
      `{${Array.from({ length: 6_000 }, (_, n) => `"f${n}":1`).join(',')}}`,
      invalid(...all.slice(0, 1)),
    ),
    create('10,000 objects in each other', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, invalid('/')),
    create(
      'a field twice, wrong at last',
      personText('first_name', '"Ada","first_name":1'),
      invalid('/first_name'),
    ),
    ...values.flatMap(([name, value]): BadInput[] =>
      all.map((pointer) =>
        create(`${pointer} is ${name}`, personWith({ [pointer.slice(1)]: value }), invalid(pointer)),
      ),
    ),
    ...all.map((pointer) => patch(`${pointer} taken away`, `{"${pointer.slice(1)}":null}`, invalid(pointer))),
    ...foreign.map((name) =>
      patch(`a change of ${name}`, `{${JSON.stringify(name)}:1}`, invalid(`/${name}`)),
    ),
    ...values
      .filter(([, value]) => value !== null)
      .map(([name, value]) =>
        patch(`a change to ${name}`, JSON.stringify({ email: value }), invalid('/email')),
      ),
    ...notObjects.map(([name, body]) => patch(`a change that is ${name}`, body, invalid('/'))),
    ...notJson.slice(0, 5).map(([name, body]) => patch(`a change of ${name}`, body, malformedJson)),
    ...cursors.map(([name, json]) =>
      list(`a cursor of ${name}`, `cursor=${cursor(json)}`, { status: 400, slug: 'bad-cursor' }),
    ),
  ]
}
