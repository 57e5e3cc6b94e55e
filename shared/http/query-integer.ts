import { Kind, Type, TypeRegistry, type TSchema } from '@sinclair/typebox'

/**
 * A whole number in a query string, whose bounds are checked with everything else. Elysia's own `t.Integer` checks
 * them in a later step, which names no parameter and hides the errors of all others.
 * @returns a schema that reads as a plain integer in the OpenAPI document; the handler is given text or the default
 */
export function queryInteger(options: {
  minimum: number
  maximum: number
  default: number
  description: string
}) {
  const error = `must be a whole number from ${options.minimum} to ${options.maximum}`
  return Type.Unsafe<string | number>({ ...options, [Kind]: kind, type: 'integer', 'x-error': error })
}

const kind = 'QueryInteger'

TypeRegistry.Set<TSchema & { minimum: number; maximum: number }>(kind, (schema, value) => {
  const isText = typeof value === 'string' && /^\d{1,15}$/.test(value)
  const number = isText ? Number(value) : value
  return Number.isInteger(number) && Number(number) >= schema.minimum && Number(number) <= schema.maximum
})
