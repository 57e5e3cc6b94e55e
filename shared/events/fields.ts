import { Type } from '@sinclair/typebox'
import { controls, text, whiteSpace } from './text.ts'

/** What the events of any aggregate are made of. */

export const uuid = Type.String({
  'x-error': 'must be a UUID',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
})

/** ISO 8601, UTC, milliseconds. */
export const instant = Type.String({ minLength: 20, maxLength: 35, example: '2026-01-02T03:04:05.678Z' })

/** No control characters and no lone surrogates, at least one character that is not white space. */
export const printableText = (maxLength: number) =>
  text({
    minLength: 1,
    maxLength,
    pattern: `^[${whiteSpace}]*[^${controls}${whiteSpace}][^${controls}]*$`,
    error: `must be a text of 1 to ${maxLength} printable characters`,
  })
