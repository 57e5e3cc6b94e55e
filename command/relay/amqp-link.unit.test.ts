import { expect, test } from 'bun:test'
import { withDefaults } from './amqp-link.ts'

test('a URL gets a heartbeat, small frames and a name, unless it has its own', () => {
  expect(withDefaults('amqp://u:p@h:1/v')).toBe('amqp://u:p@h:1/v?heartbeat=10&frameMax=8192&name=relay')
  expect(withDefaults('amqps://h/v?heartbeat=3&name=x')).toBe('amqps://h/v?heartbeat=3&name=x&frameMax=8192')
})
