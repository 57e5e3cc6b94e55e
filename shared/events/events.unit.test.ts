import { describe, expect, test } from 'bun:test'
import { EventError, parseEnvelope } from './catalogue.ts'
import { encodeEnvelope, type OutboxRecord } from './envelope.ts'
import { userEvents } from './users.ts'

const state = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  first_name: 'Zoë "Z"',
  last_name: "O'Neil \\ 𝒳",
  email: 'zoe@example.com',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
  changed: ['first_name'],
}
const row: OutboxRecord = {
  seq: 42,
  id: '01890a5d-ac96-774b-bcce-b302099a8058',
  aggregatetype: 'users',
  aggregateid: state.id,
  type: 'users.user.created.v2',
  version: 1,
  payload: JSON.stringify(state),
  headers: JSON.stringify({
    requestid: 'r-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }),
  occurred_at: '2026-01-02T03:04:05.678Z',
}
const bytes = (text: string) => new TextEncoder().encode(text)
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof EventError) return error.code
    throw error
  }
  return 'none'
}

describe('envelope', () => {
  test('an outbox row comes out of the broker as the event it was', () => {
    const event = userEvents.decode(parseEnvelope(bytes(encodeEnvelope(row))))
    expect(event).toMatchObject({
      type: row.type,
      version: 1,
      seq: 42,
      requestId: 'r-1',
      aggregateId: state.id,
    })
    expect(event.data).toEqual(state)
  })
  test('an event of a past version comes out as one of the current version, of whose change nobody knows', () => {
    const { changed: _, ...before } = state
    const old = { ...row, type: 'users.user.updated.v1', payload: JSON.stringify(before) }
    const event = userEvents.decode(parseEnvelope(bytes(encodeEnvelope(old))))
    expect(event.type).toBe('users.user.updated.v2')
    expect(event.data).toEqual({ ...before, changed: null })
  })
  test('one that is not even what its own version was names that version', () => {
    const old = { ...row, type: 'users.user.updated.v1', payload: '{"id":1}' }
    expect(() => userEvents.decode(parseEnvelope(bytes(encodeEnvelope(old))))).toThrow(/updated\.v1: \//)
  })
  test('empty headers leave a valid envelope', () => {
    expect(JSON.parse(encodeEnvelope({ ...row, headers: '{}' }))).toMatchObject({
      specversion: '1.0',
      sequence: '1',
    })
  })
  test('each kind of broken message has its code', () => {
    const envelope = JSON.parse(encodeEnvelope(row))
    const decode = (change: object) => () =>
      userEvents.decode(parseEnvelope(bytes(JSON.stringify({ ...envelope, ...change }))))
    expect(codeOf(decode({}))).toBe('none')
    expect(codeOf(() => parseEnvelope(bytes('{')))).toBe('not-json')
    expect(codeOf(() => parseEnvelope(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('not-json')
    expect(codeOf(() => parseEnvelope(bytes('null')))).toBe('not-an-envelope')
    expect(codeOf(decode({ id: '' }))).toBe('not-an-envelope')
    expect(codeOf(decode({ sequence: '0' }))).toBe('not-an-envelope')
    expect(codeOf(decode({ type: 'users.user.created.v9' }))).toBe('unknown-type')
    expect(codeOf(decode({ data: { ...state, email: 1 } }))).toBe('invalid-data')
  })
  test('an error names the field and not its value', () => {
    expect(() => userEvents.validate('users.user.created.v2', { ...state, email: 'secret' })).toThrow(
      /\/email/,
    )
    expect(() => userEvents.validate('users.user.created.v2', { ...state, email: 'secret' })).not.toThrow(
      /secret/,
    )
  })
})
