import { describe, expect, test } from 'bun:test'
import { createConsistencyTokens } from './consistency-tokens.ts'
import { HttpProblem } from '../http/problem.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const tokens = createConsistencyTokens('a secret of this test')
const refusal = (token: string) => {
  try {
    return tokens.read(token)
  } catch (error) {
    return error instanceof HttpProblem ? [error.status, error.slug] : error
  }
}

describe('consistency tokens', () => {
  test('what is issued is read, and fits a header', () => {
    for (const version of [1, 2, 10, 2_147_483_647, 999_999_999_999_999]) {
      const token = tokens.issue(id, version)
      expect(token).toMatch(/^[\w-]{70,100}$/)
      expect(tokens.read(token)).toEqual({ id, version })
      expect(tokens.issue(id, version)).toBe(token)
    }
  })

  test('ids are taken as they are, dots and other scripts too', () => {
    for (const other of ['A.b', '1.2.3', 'ß', id.toUpperCase()])
      expect(tokens.read(tokens.issue(other, 7))).toEqual({ id: other, version: 7 })
  })

  test('another process with the same secret reads it, one with another does not', () => {
    const token = tokens.issue(id, 3)
    expect(createConsistencyTokens('a secret of this test').read(token)).toEqual({ id, version: 3 })
    expect(refusal(createConsistencyTokens('another one').issue(id, 3))).toEqual([400, 'bad-token'])
  })

  test('any change of any character is refused', () => {
    const token = tokens.issue(id, 12)
    for (let index = 0; index < token.length; index++)
      for (const char of token[index] === 'A' ? ['B', '='] : ['A', '=']) {
        const tampered = token.slice(0, index) + char + token.slice(index + 1)
        expect([index, refusal(tampered)]).toEqual([index, [400, 'bad-token']])
      }
  })

  test('cut, grown, empty, too long or in another alphabet it is refused', () => {
    const token = tokens.issue(id, 12)
    for (let length = 0; length < token.length; length++)
      expect([length, refusal(token.slice(0, length))]).toEqual([length, [400, 'bad-token']])
    const strange = [
      `${token}A`,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      'A'.repeat(512),
      'A'.repeat(100_000),
      '+/+/',
      'ü',
    ]
    for (const text of strange) expect(refusal(text)).toEqual([400, 'bad-token'])
  })

  test('a signed text that is no id and version is refused', () => {
    for (const [other, version] of [
      ['', 1],
      ['x', -1],
      ['x', Number.NaN],
    ] as const)
      expect(refusal(tokens.issue(other, version))).toEqual([400, 'bad-token'])
  })
})
