import { describe, expect, test } from 'bun:test'
import { metricCatalogue } from './catalogue.ts'
import { promlint } from './promlint.ts'

const metric = { type: 'gauge', help: 'Something.', labels: [] } as const

describe('a name is refused', () => {
  for (const [name, fault] of [
    ['relayBacklog', 'is not lower snake case'],
    ['relay_things_total', 'ends in _total and is no counter'],
    ['relay_things_count', 'ends as only parts of a histogram do'],
    ['relay_gauge_events', 'says its type in its name'],
    ['relay_wait_milliseconds', 'is not in a base unit'],
    ['relay_wait_ms', 'abbreviates its unit'],
    ['relay_seconds_waited', 'has its unit elsewhere than at the end'],
    ['relay_heartbeat_age', 'measures a time and does not end in _seconds'],
  ] as const)
    test(`${name}: ${fault}`, () => expect(promlint({ ...metric, name })).toContain(`${name} ${fault}`))

  test('a counter without _total', () => {
    expect(promlint({ ...metric, name: 'a', type: 'counter' })).toEqual([
      'a is a counter and does not end in _total',
    ])
  })
  test('a help that is no sentence', () => {
    for (const help of ['', 'things', 'Things'])
      expect(promlint({ ...metric, name: 'a', help })).toEqual(['a has no help, or not a sentence'])
  })
  for (const label of ['le', 'eventType', 'aggregate_id', 'email'])
    test(`with the label ${label}`, () =>
      expect(promlint({ ...metric, name: 'a', labels: [label] })).not.toEqual([]))
})

test('every metric is named as Prometheus wants it', () => {
  const catalogue = metricCatalogue()
  expect(catalogue.length).toBeGreaterThan(60)
  expect(catalogue.flatMap(promlint)).toEqual([])
})
