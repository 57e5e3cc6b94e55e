import { expect, test } from 'bun:test'
import { openapi } from './openapi.ts'

/** As the plugin emits it: one schema under three media types, its own keywords spread over the response around it. */
const response = (keywords: object, schema: object) => ({
  ...keywords,
  content: {
    'application/json': { schema },
    'multipart/form-data': { schema },
    'text/plain': { schema },
  },
})
const thing = {
  type: 'object',
  properties: { id: { $id: 'x', type: 'string', 'x-error': 'must be an id', example: '1' } },
}
const problem = { type: 'object', properties: { type: { type: 'string' } } }

const mended = (operation: object, rest: object = {}) => {
  const document = openapi({ openapi: '3.0.3', paths: { '/things': { get: operation } }, ...rest }) as any
  return { ...document.paths['/things'].get, schemas: document.components.schemas }
}
const parameter = (schema: object) => mended({ parameters: [{ schema }] }).parameters[0].schema

test('a response has a description, one media type, and its schema whole', () => {
  const { responses, schemas } = mended({
    responses: { 200: response({ title: 'Thing', additionalProperties: false }, thing) },
  })
  expect(responses).toEqual({
    200: {
      description: 'Done',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
    },
  })
  expect(schemas.Thing).toEqual({
    title: 'Thing',
    additionalProperties: false,
    type: 'object',
    properties: { id: { type: 'string', example: '1' } },
  })
})

test('a problem is application/problem+json, with the example of its status', () => {
  const { responses, schemas } = mended({
    responses: { 404: response({ title: 'Problem' }, problem), 409: response({ title: 'Problem' }, problem) },
  })
  expect(Object.keys(responses[404].content)).toEqual(['application/problem+json'])
  expect(responses[404].content['application/problem+json'].example).toMatchObject({
    type: '/problems/not-found',
    status: 404,
  })
  expect(responses[409].content['application/problem+json'].example.type).toBe('/problems/duplicate')
  expect(Object.keys(schemas)).toEqual(['Problem'])
})

test('a report that answers 503 is no problem', () => {
  const { responses } = mended({ responses: { 503: response({ title: 'Health report' }, problem) } })
  expect(Object.keys(responses[503].content)).toEqual(['application/json'])
})

test('titled schemas move, nested ones too; a name that means something else already stays in its place', () => {
  const { responses, schemas } = mended({
    responses: {
      200: response({ title: 'Page of things' }, { type: 'array', items: { title: 'Thing', ...thing } }),
      201: response({}, { ...thing, title: 'Thing' }),
      202: response({ title: 'Thing' }, { type: 'string' }),
    },
  })
  expect(Object.keys(schemas)).toEqual(['Thing', 'PageOfThings'])
  expect(schemas.PageOfThings.items).toEqual({ $ref: '#/components/schemas/Thing' })
  expect(responses[201].content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Thing' })
  expect(responses[202].content['application/json'].schema).toEqual({ title: 'Thing', type: 'string' })
})

test('204 has no content, and an operation that says nothing answers something', () => {
  expect(mended({ responses: { 204: response({}, { type: 'void' }) } }).responses).toEqual({
    204: { description: 'Done; there is nothing to return' },
  })
  expect(mended({}).responses).toEqual({ default: { description: 'The answer' } })
})

test('a request body is JSON alone, and its extensions stay', () => {
  const schema = { type: 'object', properties: { email: { type: 'string', 'x-unique': true } } }
  const { requestBody } = mended({ requestBody: { required: true, ...response({}, schema) } })
  expect(requestBody).toEqual({ required: true, content: { 'application/json': { schema } } })
})

test('what 3.0 does not have is said in its words', () => {
  expect(parameter({ const: 'ok', type: 'string' })).toEqual({ enum: ['ok'], type: 'string' })
  expect(parameter({ anyOf: [{ type: 'string' }, { type: 'null' }], description: 'd' })).toEqual({
    type: 'string',
    nullable: true,
    description: 'd',
  })
  expect(
    parameter({
      anyOf: [
        { const: 'a', type: 'string' },
        { const: 'b', type: 'string' },
      ],
    }),
  ).toEqual({ type: 'string', enum: ['a', 'b'] })
  expect(
    parameter({
      anyOf: [
        { type: 'string', format: 'integer' },
        { type: 'integer', minimum: 1 },
      ],
    }),
  ).toEqual({ type: 'integer', minimum: 1 })
  expect(parameter({ type: 'object', items: {}, properties: {} })).toEqual({ type: 'object', properties: {} })
})

test('a root route of a prefix loses its slash, and the raw document stays as it was', () => {
  const raw = { paths: { '/things/': { get: { parameters: [{ schema: { const: 1 } }] } } } }
  const before = structuredClone(raw)
  expect(Object.keys(openapi(raw)['paths'] as object)).toEqual(['/things'])
  expect(raw).toEqual(before)
})
