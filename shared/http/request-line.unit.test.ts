import { expect, test } from 'bun:test'
import { pathOf, queryOf, refuseMalformed } from './request-line.ts'

test('path and query are found in whatever a server makes of a request', () => {
  const parts = (url: string) => [pathOf(url), queryOf(url)]
  expect(parts('http://localhost:3000/users/1?a=b%20c')).toEqual(['/users/1', 'a=b%20c'])
  expect(parts('http://a b/users?x=?y')).toEqual(['/users', 'x=?y'])
  expect(parts('http://[/users')).toEqual(['/users', ''])
  expect(parts('http://a:99999/users')).toEqual(['/users', ''])
  expect(parts('http:///users')).toEqual(['/users', ''])
  expect(parts('/users?limit=1')).toEqual(['/users', 'limit=1'])
  expect(parts('http://localhost')).toEqual(['/', ''])
})

const isRefused = (url: string, headers: Record<string, string> = {}) => {
  try {
    refuseMalformed(new Request(url, { headers }))
    return false
  } catch {
    return true
  }
}

test('a host is one host', () => {
  for (const host of [
    'localhost',
    'localhost:3000',
    'a.example',
    '127.0.0.1:80',
    '[::1]:3000',
    'xn--a.example',
    'a_b',
  ])
    expect([host, isRefused('http://localhost/', { host })]).toEqual([host, false])
  for (const host of [
    '',
    'a b',
    'a, b',
    'a:b',
    'a:123456',
    '[',
    '[::1',
    'a/b',
    'a@b',
    'a?b',
    '<a>',
    `${'a'.repeat(256)}`,
  ])
    expect([host, isRefused('http://localhost/', { host })]).toEqual([host, true])
  expect(isRefused('http://localhost/')).toBe(false)
})

test('a query is percent-encoded UTF-8', () => {
  for (const query of ['a=%C3%A9', 'a=+', 'a=%25', 'a=', 'a=100%25'])
    expect([query, isRefused(`http://localhost/?${query}`)]).toEqual([query, false])
  for (const query of ['a=%', 'a=%z1', 'a=%ff', '%ff=a', 'a=%C3', 'a=%ED%A0%80', 'a=%C0%80', 'a=100%'])
    expect([query, isRefused(`http://localhost/?${query}`)]).toEqual([query, true])
})
