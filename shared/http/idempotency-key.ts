import { HttpProblem } from './problem.ts'

/** Longest key after unquoting, in characters; all of them are ASCII. */
export const idempotencyKeyCharsMax = 255
export const idempotencyReplayedHeader = 'Idempotency-Replayed'

/**
 * `Idempotency-Key` of draft-ietf-httpapi-idempotency-key-header: a structured-field string. A bare token, as a UUID
 * without quotes, is taken too, as every API that came before the draft does; both forms of one text are one key.
 * @returns undefined where there is none
 * @throws HttpProblem 400 `idempotency-key-missing` or `idempotency-key-malformed`
 */
export function idempotencyKeyOf(headers: Headers, isRequired: boolean): string | undefined {
  const header = headers.get('idempotency-key')
  if (header === null) {
    if (isRequired)
      throw new HttpProblem('idempotency-key-missing', {
        detail:
          'send Idempotency-Key with a value of your own, a UUID say: the same for each repeat of one request',
      })
    return undefined
  }
  const quoted = quotedPattern.exec(header)?.[1]
  const key = quoted === undefined ? barePattern.exec(header)?.[0] : quoted.replace(/\\(.)/g, '$1')
  if (key === undefined || key.length === 0 || key.length > idempotencyKeyCharsMax)
    throw new HttpProblem('idempotency-key-malformed', {
      detail: `must be one text of 1 to ${idempotencyKeyCharsMax} visible ASCII characters, best a UUID in double quotes`,
    })
  return key
}

const quotedPattern = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/
/** Without what would make two keys, or a key with parameters, of it: white space, quotes, comma, semicolon. */
const barePattern = /^[!#-+\--:<-[\]-~]+$/

/** The header as OpenAPI describes it. */
export const idempotencyKeyParameter = (isRequired: boolean) => ({
  name: 'Idempotency-Key',
  in: 'header',
  required: isRequired,
  description:
    "A text of your own, best a UUID, the same for each repeat of one request: then it is carried out once, and a repeat gets the first one's answer with `Idempotency-Replayed: true`. With another body it is 422.",
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 2 * idempotencyKeyCharsMax + 2,
    example: '8e03978e-40d5-43dd-bc93-6ae2f5c9a4a5',
    // For the pages: each request that is sent from a form has one of its own.
    'x-unique': true,
    pattern: '^("([ !#-\\[\\]-~]|\\\\["\\\\])+"|[!#-+\\--:<-\\[\\]-~]+)$',
  },
})

/** That an answer may be a repeat's. */
export const idempotencyReplayed = {
  description: 'The answer to the first request with this Idempotency-Key; nothing was carried out again',
  schema: { type: 'string', enum: ['true'] },
}
