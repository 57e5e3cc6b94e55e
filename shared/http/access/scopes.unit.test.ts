import { describe, expect, test } from 'bun:test'
import { isForOperators, pathOf, requirementOf } from './scopes.ts'

const scopeOf = (method: string, path: string) => {
  const requirement = requirementOf(method, path)
  return requirement === 'open' ? 'open' : requirement.scope
}

describe('what a request must show', () => {
  const cases: [string, string, string][] = [
    ['GET', '/things', 'things:read'],
    ['HEAD', '/things/1', 'things:read'],
    ['OPTIONS', '/things', 'things:read'],
    ['POST', '/things', 'things:write'],
    ['PUT', '/things/1', 'things:write'],
    ['PATCH', '/things/1/', 'things:write'],
    ['DELETE', '/things/1', 'things:write'],
    ['PROPFIND', '/things', 'things:write'],
    ['GET', '/things/1/history', 'things:read'],
    ['GET', '/metrics', 'ops'],
    ['GET', '/health/pipeline', 'ops'],
    ['GET', '/health', 'ops'],
    ['GET', '/swagger/json', 'ops'],
    ['GET', '/asyncapi.json', 'ops'],
    ['GET', '/schemas/things.thing.made.v1', 'ops'],
    ['GET', '/health/live', 'open'],
    ['GET', '/health/ready/', 'open'],
    ['GET', '/problems/invalid', 'open'],
    ['GET', '/', 'open'],
    ['GET', '/swagger', 'open'],
    ['GET', '/assets/home.js', 'open'],
    // Another spelling opens nothing.
    ['GET', '/%74hings', '%74hings:read'],
    ['GET', '//things', ':read'],
    ['GET', '/health/live/../pipeline', 'ops'],
    ['GET', '/assets/../metrics', 'assets:read'],
  ]
  for (const [method, path, scope] of cases)
    test(`${method} ${path}: ${scope}`, () => expect(scopeOf(method, path)).toBe(scope))
})

test('what moves to the port for operators', () => {
  const all = ['/', '/assets/a', '/swagger', '/swagger/json', '/metrics', '/health/pipeline', '/schemas/x']
  expect(all.filter(isForOperators)).toEqual(all)
  expect(['/things', '/health/live', '/health/ready', '/problems/invalid'].filter(isForOperators)).toEqual([])
})

test('the path is what was sent, without host and query', () => {
  expect(pathOf('http://a:1/b/%63?d=/e#f')).toBe('/b/%63')
  expect(pathOf('https://a')).toBe('/')
  expect(pathOf('http://[::1]:3000?x')).toBe('/')
})
