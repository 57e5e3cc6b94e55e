import { expect, test } from 'bun:test'
import { amqpUrl } from './amqp-connection.ts'

test('a URL gets a heartbeat, small frames and a name, unless it has its own', () => {
  expect(amqpUrl('amqp://u:p@h:1/v', 'relay')).toBe('amqp://u:p@h:1/v?heartbeat=10&frameMax=8192&name=relay')
  expect(amqpUrl('amqps://h/v?heartbeat=3&name=x', 'relay')).toBe(
    'amqps://h/v?heartbeat=3&name=x&frameMax=8192',
  )
})
