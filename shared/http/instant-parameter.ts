import { Kind, Type, TypeRegistry, type TSchema } from '@sinclair/typebox'
import { HttpProblem } from './problem.ts'

const wrong = 'must be an instant of RFC 3339, as in 2026-01-31T12:00:00Z; a plus sign is %2B in a URL'

/** An instant in a query string. The year has four digits, and a day that its month does not have is refused. */
export const instantParameter = (description: string) =>
  Type.Unsafe<string>({ [Kind]: kind, type: 'string', format: 'date-time', description, 'x-error': wrong })

const kind = 'InstantParameter'
const shape =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

TypeRegistry.Set<TSchema>(kind, (_, value) => typeof value === 'string' && isInstant(value))

function isInstant(text: string): boolean {
  const [, year, month, day] = (shape.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  const date = new Date(Date.UTC(year, month - 1, day))
  return (
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    !Number.isNaN(Date.parse(text.toUpperCase()))
  )
}

/**
 * As the store has instants: UTC, milliseconds.
 * @param text valid by the schema
 * @throws HttpProblem `invalid` for one that has not come yet
 */
export function toInstant(parameter: string, text: string, nowMs = Date.now()): string {
  const instant = new Date(text.toUpperCase())
  if (instant.getTime() > nowMs)
    throw new HttpProblem('invalid', {
      errors: [{ pointer: `query:${parameter}`, detail: 'must not be in the future' }],
    })
  return instant.toISOString()
}
