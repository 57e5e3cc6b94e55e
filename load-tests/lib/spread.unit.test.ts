import { expect, test } from 'bun:test'
import { replicaOf } from './spread.ts'

test('users are spread evenly over the replicas, and each keeps to one', () => {
  const asked = Array.from({ length: 30 }, (_, user) => replicaOf('http://a,http://b,http://c', user))
  expect(Map.groupBy(asked, (url) => url).get('http://b')).toHaveLength(10)
  expect(replicaOf('http://a,http://b', 7)).toBe(replicaOf('http://a,http://b', 7))
  expect(replicaOf('http://only', 7)).toBe('http://only')
})
