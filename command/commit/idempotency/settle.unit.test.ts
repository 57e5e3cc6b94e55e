import { describe, expect, test } from 'bun:test'
import type { Command, DecidedResult } from '../command.ts'
import type { PlannedOutcome } from '../plan.ts'
import { fingerprintOf } from './fingerprint.ts'
import { answersToKeep, settleByKey, type KeyState } from './settle.ts'

const command = (key: string | undefined, input: unknown = { name: 'a' }, more = {}): Command => ({
  aggregate: 'things',
  name: 'create',
  id: 'fresh',
  isNew: true,
  input,
  headers: {},
  ...more,
  ...(key !== undefined && { idempotency: { key, method: 'POST', answerOf } }),
})
const answerOf = (result: DecidedResult) => ({ status: 200, headers: {}, body: result.kind })
const idOf = (of: Command) => fingerprintOf(of)!.id

describe('a fingerprint', () => {
  const scope = (more: object, key = 'k') => idOf(command(key, undefined, more))
  test('is the key’s in its scope: actor, method, command and resource', () => {
    const one = scope({})
    expect(one).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(scope({ id: 'another, as new as the first' })).toBe(one)
    const others = [
      scope({}, 'K'),
      scope({ headers: { actor: 'ada' } }),
      scope({ name: 'replace' }),
      scope({ aggregate: 'others' }),
      scope({ isNew: false }),
      scope({ isNew: false, id: 'b' }),
    ]
    expect(new Set([one, ...others]).size).toBe(7)
  })
  test('tells payloads apart by what they say, not by how it is written', () => {
    const payload = (text: string) => fingerprintOf(command('k', JSON.parse(text)))!.payload
    const one = payload('{"a":1,"b":{"c":[1,2],"d":null}}')
    expect(payload('{ "b": {"d":null, "c":[1.0,2]}, "a":1 }')).toBe(one)
    for (const other of ['{"a":1,"b":{"c":[2,1],"d":null}}', '{"a":"1","b":{"c":[1,2],"d":null}}', '{"a":1}'])
      expect(payload(other)).not.toBe(one)
    expect(fingerprintOf(command('k', undefined))!.payload).not.toBe(payload('null'))
  })
  test('is nothing without a key', () => {
    expect(fingerprintOf(command(undefined))).toBeUndefined()
  })
})

describe('the commands of a batch', () => {
  const settle = (commands: Command[], states: [Command, KeyState][] = []) => {
    const claimed = new Set(commands.flatMap((each) => fingerprintOf(each)?.id ?? []))
    const settled = settleByKey(
      commands,
      claimed,
      new Map(states.map(([of, state]) => [idOf(of), state] as const)),
    )
    return commands.map((each) => {
      const outcome = settled.get(each)
      return outcome?.kind === 'requeue' ? outcome.reason : outcome?.kind
    })
  }
  const answered = (of: Command): [Command, KeyState] => [
    of,
    { kind: 'answered', payload: fingerprintOf(of)!.payload, answer: { status: 200, headers: {} } },
  ]

  test('are carried out where nobody had their key, or it expired, or they have none', () => {
    const [a, b] = [command('a'), command('b')]
    expect(settle([a, command(undefined), b], [[b, { kind: 'expired' }]])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
  test('are answered as before, or told that the key is taken, without being carried out', () => {
    const first = command('a')
    expect(settle([command('a'), command('a', { name: 'b' })], [answered(first)])).toEqual([
      'replayed',
      'key-reused',
    ])
  })
  test('wait for another process that is at it', () => {
    const first = command('a')
    expect(settle([first, command('b')], [[first, { kind: 'in-use' }]])).toEqual(['key-in-use', undefined])
  })
  test('with one key go one after the other', () => {
    expect(settle([command('a'), command('a'), command('a', { name: 'b' })])).toEqual([
      undefined,
      'key-later',
      'key-later',
    ])
  })
  test('whose key was not asked for come again', () => {
    const [a, b] = [command('a'), command('b')]
    const settled = settleByKey([a, b], new Set([idOf(a)]), new Map())
    expect([...settled]).toEqual([[b, { kind: 'requeue', reason: 'key-later' }]])
  })
})

test('what was decided is kept, in the order of the keys; what was invalid or not decided is not', () => {
  const outcomes: PlannedOutcome[] = [
    { kind: 'stored', version: 1, state: {}, changed: true },
    { kind: 'deleted', version: 2 },
    { kind: 'rejected', rejection: { kind: 'rejection', reason: 'not-found' } },
    { kind: 'rejected', rejection: { kind: 'rejection', reason: 'duplicate' } },
    { kind: 'rejected', rejection: { kind: 'rejection', reason: 'invalid' } },
    { kind: 'requeue', reason: 'locked' },
    { kind: 'defect', error: new Error('broken') },
    { kind: 'replayed', answer: { status: 200, headers: {} } },
    { kind: 'key-reused' },
  ]
  const commands = outcomes.map((_, index) => command(`key-${index}`))
  const kept = answersToKeep(commands, outcomes)
  const ids = kept.map(({ id }) => id)
  expect(ids).toEqual(commands.slice(0, 4).map(idOf).sort())
  expect(kept.find(({ id }) => id === idOf(commands[1]!))?.answer.body).toBe('deleted')
  expect(answersToKeep([command(undefined)], outcomes)).toEqual([])
})
