import { describe, expect, test } from 'bun:test'
import { documentWrites, type WriteRules } from './write-document.ts'

const content = { 'application/json': { schema: { properties: { email: { 'x-unique': true } } } } }
const patch = { 'application/merge-patch+json': { schema: { properties: { name: {} } } } }
const answer = (status: number) => ({ [status]: { description: 'Done', headers: { Own: {} } } })
const raw = {
  paths: {
    '/things': {
      get: { responses: answer(200) },
      post: { requestBody: { content }, responses: answer(201) },
    },
    '/things/{id}': {
      patch: { parameters: [{ name: 'id' }], requestBody: { content: patch }, responses: answer(200) },
      delete: { parameters: [{ name: 'id' }], responses: { ...answer(204), 404: { description: 'Gone' } } },
    },
  },
}
const documented = (rules: Partial<WriteRules> = {}) =>
  documentWrites(raw, { isKeyRequired: false, isIfMatchRequired: false, ...rules }) as any
const names = (operation: any) => operation.parameters.map(({ name }: { name: string }) => name)
const statuses = (operation: any) => Object.keys(operation.responses).join(' ')
const slugs = (operation: any, status: number) =>
  Object.keys(operation.responses[status].content['application/problem+json'].examples)

describe('the document of writes', () => {
  const { '/things': things, '/things/{id}': thing } = documented().paths
  test('leaves reads as they are', () => {
    expect(things.get).toEqual(raw.paths['/things'].get)
  })
  test('names the headers that each takes, and asks for those that the service asks for', () => {
    expect([names(things.post), names(thing.patch), names(thing.delete)]).toEqual([
      ['Idempotency-Key'],
      ['id', 'If-Match', 'Idempotency-Key'],
      ['id', 'If-Match', 'Idempotency-Key'],
    ])
    const strict = documented({ isKeyRequired: true, isIfMatchRequired: true }).paths['/things/{id}'].patch
    const asked = (operation: any) =>
      operation.parameters.slice(1).map((of: any) => [of.required, of.schema.example])
    expect(asked(strict)).toEqual([
      [true, '*'],
      [true, expect.any(String)],
    ])
    expect(asked(thing.patch)[0]).toEqual([false, undefined])
    expect(slugs(strict, 428)).toEqual(['precondition-required'])
    expect(slugs(strict, 400)).toContain('idempotency-key-missing')
  })
  test('has every status that may come, and none that may not', () => {
    expect(statuses(things.post)).toBe('201 400 406 409 413 415 422 500 503')
    expect(statuses(thing.patch)).toBe('200 400 404 406 409 412 413 415 422 500 503')
    expect(statuses(thing.delete)).toBe('204 400 404 406 409 412 422 500 503')
  })
  test('has an example of each problem under its status', () => {
    expect(slugs(things.post, 409)).toEqual(['duplicate', 'idempotency-key-in-use'])
    expect(slugs(thing.patch, 409)).toEqual(['idempotency-key-in-use'])
    expect(slugs(thing.delete, 400)).toEqual(['bad-request', 'idempotency-key-malformed'])
    expect(slugs(things.post, 503)).toEqual(['unavailable', 'overloaded'])
  })
  test('says which headers an answer has', () => {
    const headers = (operation: any, status: number) => Object.keys(operation.responses[status].headers ?? {})
    const [token, replayed] = ['Consistency-Token', 'Idempotency-Replayed']
    expect(headers(things.post, 201)).toEqual(['Own', 'ETag', 'Location', token, replayed])
    expect(headers(thing.patch, 200)).toEqual(['Own', 'ETag', token, replayed])
    expect(headers(thing.delete, 204)).toEqual(['Own', token, replayed])
    expect(headers(thing.delete, 412)).toEqual(['ETag', replayed])
    expect(headers(things.post, 415)).toEqual(['Accept'])
    expect(headers(thing.patch, 415)).toEqual(['Accept', 'Accept-Patch'])
    expect([headers(things.post, 503), headers(things.post, 422)]).toEqual([['Retry-After'], []])
  })
})
