import { Type } from '@sinclair/typebox'

/** What the events of any aggregate are made of. */

export const uuid = Type.String({
  'x-error': 'must be a UUID',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
})

/** ISO 8601, UTC, milliseconds. */
export const instant = Type.String({ minLength: 20, maxLength: 35, example: '2026-01-02T03:04:05.678Z' })

/** No control characters and no lone surrogates, at least one character that is not white space. */
export const printableText = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: printable,
    'x-error': `must be a text of 1 to ${maxLength} printable characters`,
  })

/** Written so that it means the same with and without the `u` flag, since validators differ in that. */
const printable =
  '^(?=[\\s\\S]*\\S)(?:[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])*$'
