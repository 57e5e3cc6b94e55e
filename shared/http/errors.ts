import { ValidationError } from 'elysia'
import { HttpProblem, problemType } from './problem.ts'
import type { FieldError } from './problems.ts'
import { negotiated } from './weighted.ts'

/**
 * Whatever a handler, a parser or Elysia threw → the one vocabulary. Pure.
 * @param code Elysia's code for it
 * @returns undefined for what is our own fault: to be logged, and answered 500
 */
export function toProblem(code: unknown, error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error
  if (error instanceof Error && error.cause instanceof HttpProblem) return error.cause
  if (code === 'PARSE') return new HttpProblem('malformed-json')
  // A response that fails its own schema has the same code, and is our fault.
  if (error instanceof ValidationError && error.type !== 'response')
    return new HttpProblem('invalid', { errors: fieldErrors(error) })
  return undefined
}

function fieldErrors(error: ValidationError): FieldError[] {
  const place = error.type === 'params' ? 'path' : error.type
  const seen = new Map<string, FieldError>()
  for (const item of error.all as readonly Item[]) {
    const path = item.path ?? ''
    const pointer = (place === 'body' ? path || '/' : `${place}:${path.slice(1)}`).slice(0, pointerCharsMax)
    if (!seen.has(pointer)) seen.set(pointer, { pointer, detail: detailOf(item) })
    // A body of nothing but unknown fields has thousands of errors.
    if (seen.size === errorsMax) break
  }
  return [...seen.values()]
}

/** Names are the client's: of many, or of long ones, some is enough. */
export const errorsMax = 20
export const pointerCharsMax = 200

interface Item {
  readonly path?: string
  readonly message?: string
  readonly value?: unknown
  readonly schema?: Record<string, unknown>
}

/** Never the value: it may be personal, or a megabyte. */
function detailOf({ message, schema, value }: Item): string {
  if (message === 'Unexpected property') return 'is not known here'
  if (message === 'Expected required property') return 'is required'
  if (value === null) return 'must not be null'
  const own = schema?.['x-error']
  if (typeof own === 'string') return own
  return (message ?? 'is invalid').replace(/^Expected/, 'must be:').slice(0, 200)
}

/**
 * @param offered the media types that the route answers with, the usual one first
 * @throws HttpProblem 406 when `Accept` rules them out
 */
export function refuseUnacceptable(accept: string | null, offered: readonly [string, ...string[]]): void {
  if (negotiated(accept, offered) === undefined && negotiated(accept, [problemType]) === undefined)
    throw new HttpProblem('not-acceptable', { detail: `this resource comes as ${offered.join(' or ')}` })
}
