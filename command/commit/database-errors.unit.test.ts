import { expect, test } from 'bun:test'
import { classify, isConnectionError, sqlState } from './database-errors.ts'

const failure = (properties: object, message = '') => Object.assign(new Error(message), properties)

test('each SQLSTATE has its kind', () => {
  for (const code of ['40001', '40P01', '55P03', '57014', '25P03'])
    expect(classify(failure({ code })).kind).toBe('retryable')
  for (const code of ['57P01', '57P03', '08006', '53300', 'ECONNREFUSED', 'ECONNRESET'])
    expect([code, classify(failure({ code })).kind]).toEqual([code, 'connection'])
  expect(classify(failure({ code: '23505', constraint: 'users_email_key_unique' }))).toEqual({
    kind: 'guilty',
    sqlState: '23505',
    constraint: 'users_email_key_unique',
  })
  expect(classify(failure({ code: '22P02' })).kind).toBe('guilty')
  expect(classify(failure({ code: '42P01' })).kind).toBe('other')
})

test('connection failures without a code are known by their words', () => {
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
  ])
    expect(isConnectionError(failure({}, message))).toBe(true)
  expect(isConnectionError(failure({ cause: failure({ code: 'ECONNRESET' }) }, 'query failed'))).toBe(true)
  expect(isConnectionError(failure({}, 'something else'))).toBe(false)
})

test('the state is found where either client puts it', () => {
  expect(sqlState(failure({ errno: '23505', code: 'ERR_POSTGRES_SERVER_ERROR' }))).toBe('23505')
  expect(sqlState(failure({ code: 'EPIPE' }))).toBeUndefined()
})
