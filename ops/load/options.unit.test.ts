import { expect, test } from 'bun:test'
import { loadOptions } from './options.ts'

test('URLs come from the ports that the services have, unless they are named', () => {
  const settings = { COMMAND_PORT: '4000', QUERY_PORT: '4001' }
  expect(loadOptions(['reads', '--query-url', 'http://elsewhere:8080/'], settings)).toMatchObject({
    script: 'reads',
    commandUrl: 'http://127.0.0.1:4000',
    queryUrl: 'http://elsewhere:8080',
    relayUrl: 'http://127.0.0.1:3002',
  })
})

test.each([
  [[], 'name one of'],
  [['bogus'], 'name one of'],
  [['reads', 'writes'], 'name one of'],
  [['reads', '--rate', '0'], '--rate must be'],
  [['lag', '--rates', '50,'], '--rates must be'],
  [['reads', '--duration', '10s'], '--duration must be'],
  [['reads', '--query-url', 'localhost'], 'no http URL'],
  [['reads', '--colour'], 'colour'],
])('%p is refused', (args, message) => expect(() => loadOptions(args, {})).toThrow(message))

test('help needs no script', () => expect(loadOptions(['--help'], {}).help).toBe(true))
