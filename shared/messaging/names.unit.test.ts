import { expect, test } from 'bun:test'
import { aggregateBinding, eventRoutingKey, heartbeatRoutingKey, partitionTag, queueName } from './names.ts'

test('names carry partition and count', () => {
  expect(eventRoutingKey('users.user.created.v2', 3, 8)).toBe('users.p03of08.user.created')
  expect(aggregateBinding('users', 0, 8)).toBe('users.p00of08.#')
  expect(heartbeatRoutingKey(7, 8)).toBe('relay.p07of08.heartbeat')
  expect(queueName('users-g1', 3, 16)).toBe('users-g1.p03of16')
  expect(partitionTag(5, 128)).toBe('p005of128')
})
