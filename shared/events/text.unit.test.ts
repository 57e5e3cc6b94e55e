import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { printableText } from './fields.ts'
import { text } from './text.ts'
import { emailAddress } from './users.ts'

const accepts = (schema: Parameters<typeof TypeCompiler.Compile>[0]) => {
  const check = TypeCompiler.Compile(Type.Object({ value: schema }))
  return (value: unknown) => check.Check({ value })
}

test('characters are counted, not units of UTF-16', () => {
  const accepted = accepts(text({ minLength: 2, maxLength: 3, error: 'no' }))
  expect(['𝒳', '𝒳𝒳', '𝒳𝒳𝒳', '𝒳𝒳𝒳𝒳', 'x', 'xxx', 'xxxx'].map(accepted)).toEqual([
    false,
    true,
    true,
    false,
    false,
    true,
    false,
  ])
})

test('a printable text has a character that can be seen, and none that controls', () => {
  const accepted = accepts(printableText(100))
  for (const value of ['a', ' a ', '\u00a0a', 'Zoë', '李', '👩‍🚀', 'ø\u0301', '\u3000x y', 'x'.repeat(100)])
    expect([value, accepted(value)]).toEqual([value, true])
  for (const value of [
    '',
    ' ',
    '\u00a0\u2003\ufeff',
    'a\u0000',
    '\u001b[31m',
    'a\u0085b',
    'a\nb',
    '\ud800',
    'x\udfff',
    'x'.repeat(101),
    1,
    null,
  ])
    expect([value, accepted(value)]).toEqual([value, false])
})

test('an e-mail address has a local part and a domain of two labels', () => {
  const accepted = accepts(emailAddress)
  for (const value of ['a@b.c', ' zoe@example.com ', 'zoë@exämple.com', "o'neil+x@a.b.c", '𝒳@𝒳.𝒳'])
    expect([value, accepted(value)]).toEqual([value, true])
  for (const value of [
    '',
    'a',
    'a@b',
    '@b.c',
    'a@.c',
    'a@b.',
    'a@b..c',
    'a b@c.d',
    'a@b.c d',
    'a@b@c.d',
    '<a@b.c>',
    'a\u2003b@c.d',
    'a@b.c\u0000',
    `${'a'.repeat(251)}@b.c`,
    'a\ud800@b.c',
  ])
    expect([value, accepted(value)]).toEqual([value, false])
})

test('a text that almost fits is refused in no time', () => {
  const names = accepts(
    text({
      ...printableText(1e6),
      minLength: 1,
      maxLength: 1e6,
      pattern: printableText(1).pattern,
      error: '',
    }),
  )
  const emails = accepts(text({ minLength: 1, maxLength: 1e6, pattern: emailAddress['pattern'], error: '' }))
  const startedAt = performance.now()
  expect(names(`${' '.repeat(5e4)}\u0000`)).toBe(false)
  expect(names(`${'x'.repeat(5e4)}\u0000`)).toBe(false)
  expect(emails(`${'x'.repeat(5e4)}@`)).toBe(false)
  expect(emails(`x@${'x.'.repeat(2e4)}`)).toBe(false)
  expect(emails(`x@x.x${'\u2003'.repeat(5e4)}x`)).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test('the schema that others read has plain keywords', () => {
  expect(JSON.parse(JSON.stringify(printableText(100)))).toEqual({
    type: 'string',
    minLength: 1,
    maxLength: 100,
    pattern: expect.any(String),
    'x-error': expect.any(String),
  })
  expect(`${printableText(1)['pattern']}${emailAddress['pattern']}`).not.toMatch(
    /\(\?[=!<]|\\ud[89a-f]|\\[sSwWdDpP]/,
  )
})
