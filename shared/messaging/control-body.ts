import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { EventError } from '../events/catalogue.ts'

/**
 * Bytes from the broker → a message of the machinery's own (heartbeat, request, marker), checked. Members that the
 * schema does not know are let through: a newer sender may have more to say.
 * @param what for the error: `the heartbeat`
 * @throws EventError `not-json` or `invalid-data` naming the field, never its value
 */
export function controlBody<Schema extends TSchema>(
  schema: Schema,
  what: string,
): (body: Uint8Array) => Static<Schema> {
  const check = TypeCompiler.Compile(schema)
  return (body) => {
    let value: unknown
    try {
      value = JSON.parse(utf8.decode(body))
    } catch {
      throw new EventError('not-json', `${what} is not JSON`)
    }
    if (check.Check(value)) return value
    throw new EventError('invalid-data', `${what} is wrong at ${check.Errors(value).First()?.path || '/'}`)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
