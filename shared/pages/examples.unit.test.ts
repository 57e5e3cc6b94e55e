import { expect, test } from 'bun:test'

// A script of the browser's: to the type checker of everything else it is a file.
const path = './browser/examples.js'
const { bodiesOf, creatorsOf, filledBody, fresh, keyHeadersOf, placesOf, renewed, sourcesOf } = await import(
  path
)

const property = (example: unknown, more = {}) => ({ type: 'string', example, ...more })
const body = (schema: object) => ({ requestBody: { content: { 'application/json': { schema } } } })
const properties = {
  name: property('Ada'),
  email: property('ada@example.com', { 'x-unique': true }),
  note: {},
}
const parameters = [{ name: 'id', schema: { example: 'nobody' } }]
const document = {
  paths: {
    '/things': {
      post: { ...body({ properties }), responses: { 201: {} } },
      get: { responses: { 200: {} } },
    },
    '/things/{id}': {
      get: { operationId: 'getThing', parameters, 'x-example-from': '/things?limit=1' },
      put: {
        operationId: 'putThing',
        parameters,
        ...body({ properties, example: { name: 'B', email: 'b@x.org' } }),
      },
    },
    '/things/{id}/rest': { put: { operationId: 'restThing', parameters } },
    '/searches': { post: { ...body({ type: 'array' }), responses: { 200: {} } } },
  },
}

test('a document tells which bodies to fill in, with what, and which values must be new', () => {
  expect(bodiesOf(document)).toEqual([
    {
      path: '/things',
      method: 'post',
      example: { name: 'Ada', email: 'ada@example.com' },
      unique: ['email'],
    },
    { path: '/things/{id}', method: 'put', example: { name: 'B', email: 'b@x.org' }, unique: ['email'] },
  ])
})

test('it tells where ids go, where they come from, and what makes new ones', () => {
  const place = { path: '/things/{id}', collection: '/things', parameter: 'id', placeholder: 'nobody' }
  expect(placesOf(document)).toEqual([
    { ...place, method: 'get', operationId: 'getThing' },
    { ...place, method: 'put', operationId: 'putThing' },
    { ...place, path: '/things/{id}/rest', method: 'put', operationId: 'restThing' },
  ])
  expect(sourcesOf(document)).toEqual([{ collection: '/things', from: '/things?limit=1' }])
  expect(creatorsOf(document)).toEqual([{ path: '/things', method: 'post' }])
})

test('it tells which headers name a request', () => {
  const header = { name: 'Key', in: 'header', schema: { example: 'k', 'x-unique': true } }
  const others = [
    { name: 'id', in: 'path' },
    { name: 'Trace', in: 'header', schema: {} },
  ]
  const paths = { '/things': { post: { parameters: [...others, header] }, get: { parameters: others } } }
  expect(keyHeadersOf({ paths })).toEqual([
    { path: '/things', method: 'post', name: 'Key', placeholder: 'k' },
  ])
})

test('a fresh value looks like the example, and never comes twice', () => {
  const values = new Set(Array.from({ length: 100 }, () => fresh('ada@example.com')))
  expect(values.size).toBe(100)
  for (const value of values) expect(value).toMatch(/^ada\.[0-9a-z]{7}@example\.com$/)
  expect(fresh('INV')).toMatch(/^INV-[0-9a-z]{7}$/)
  expect(fresh('8e03978e-40d5-43dd-bc93-6ae2f5c9a4a5')).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  )
})

test('values that were taken give way to others, and what the reader typed around them stays', () => {
  const filled = filledBody(bodiesOf(document)[0])
  const used = JSON.parse(filled.text).email
  const typed = filled.text.replace('Ada', 'Grace')
  const next = renewed(filled, typed)
  expect(JSON.parse(next.shown)).toEqual({
    name: 'Grace',
    email: expect.stringMatching(/^ada\.\w{7}@example\.com$/),
  })
  expect(next.shown).not.toContain(used)
  expect(JSON.parse(next.body.text)).toEqual({ name: 'Ada', email: JSON.parse(next.shown).email })
  expect(renewed(next.body, '{"email":"mine@example.com"}').shown).toBe('{"email":"mine@example.com"}')
})
