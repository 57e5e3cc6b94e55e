import { expect, test } from 'bun:test'
import { reasonOf, withDefaults } from './amqp-link.ts'

test('a URL gets a heartbeat, small frames and a name, unless it has its own', () => {
  expect(withDefaults('amqp://u:p@h:1/v')).toBe('amqp://u:p@h:1/v?heartbeat=10&frameMax=8192&name=relay')
  expect(withDefaults('amqps://h/v?heartbeat=3&name=x')).toBe('amqps://h/v?heartbeat=3&name=x&frameMax=8192')
})

test.each([
  ['connect ECONNREFUSED 10.1.2.3:5672', 'the broker is not reachable'],
  ["connection closed: ACCESS_REFUSED - access to vhost 'secret' refused (403)", 'the broker refuses access'],
  ["channel 1 closed: NOT_FOUND - no exchange 'events' in vhost 'v' (404)", 'the exchange is missing'],
  ['Heartbeat timeout', 'the broker does not answer'],
  ['Socket closed', 'the connection was lost'],
])('%s is told without hosts and names', (message, reason) => {
  expect(reasonOf(new Error(message))).toBe(reason)
})
