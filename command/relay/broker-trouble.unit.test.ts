import { expect, test } from 'bun:test'
import { reasonOf } from './broker-trouble.ts'

test.each([
  ['connect ECONNREFUSED 10.1.2.3:5672', 'the broker is not reachable'],
  ["connection closed: ACCESS_REFUSED - access to vhost 'secret' refused (403)", 'the broker refuses access'],
  ["channel 1 closed: NOT_FOUND - no exchange 'events' in vhost 'v' (404)", 'the exchange is missing'],
  ['Heartbeat timeout', 'the broker does not answer'],
  ['Socket closed', 'the connection was lost'],
])('%s is told without hosts and names', (message, reason) => {
  expect(reasonOf(new Error(message))).toBe(reason)
})
