import { consistencyTokenHeader } from './consistency-token.ts'
import {
  documentedHeader as header,
  mapOperations,
  problemResponses,
  type Document,
  type Operation,
  type OperationResponse,
} from './document-parts.ts'
import { idempotencyKeyParameter, idempotencyReplayed, idempotencyReplayedHeader } from './idempotency-key.ts'
import { problems, type ProblemSlug } from './problems.ts'

/** How the process is set. */
export interface WriteRules {
  readonly isKeyRequired: boolean
  readonly isIfMatchRequired: boolean
}

/**
 * Every write of an OpenAPI document with the headers it takes, those it answers, and each problem that it may answer:
 * in one place, since no route does anything for them. Pure.
 */
export function documentWrites(document: Document, rules: WriteRules): Document {
  return mapOperations(document, (operation, method) =>
    writes.has(method) ? documented(operation, method, rules) : operation,
  )
}

const writes = new Set(['post', 'put', 'patch', 'delete'])

function documented(operation: Operation, method: string, rules: WriteRules): Operation {
  const isChange = method !== 'post'
  const mediaTypes = Object.keys(operation.requestBody?.content ?? {})
  const successes = Object.entries(operation.responses ?? {})
    .filter(([status]) => status.startsWith('2'))
    .map(([status, response]) => [status, success(status, response)])
  return {
    ...operation,
    parameters: [
      ...(operation.parameters ?? []),
      ...(isChange ? [ifMatchParameter(rules.isIfMatchRequired)] : []),
      idempotencyKeyParameter(rules.isKeyRequired),
    ],
    responses: {
      ...operation.responses,
      ...Object.fromEntries(successes),
      ...problemResponses(slugsOf(operation, isChange, rules), problemHeaders(method, mediaTypes)),
    },
  }
}

function slugsOf(operation: Operation, isChange: boolean, rules: WriteRules): ProblemSlug[] {
  const bodies = Object.values(operation.requestBody?.content ?? {})
  const isUnique = bodies.some(({ schema }) => JSON.stringify(schema).includes('"x-unique":true'))
  const of = (applies: boolean, ...slugs: ProblemSlug[]) => (applies ? slugs : [])
  return [
    ...of(bodies.length > 0, 'malformed-json', 'content-too-large', 'unsupported-media-type'),
    ...of(isUnique, 'duplicate'),
    ...of(isChange, 'not-found', 'precondition-failed'),
    ...of(isChange && rules.isIfMatchRequired, 'precondition-required'),
    ...of(rules.isKeyRequired, 'idempotency-key-missing'),
    ...of(true, 'bad-request', 'idempotency-key-malformed', 'not-acceptable', 'idempotency-key-in-use'),
    ...of(true, 'invalid', 'idempotency-key-reused', 'internal', 'unavailable', 'overloaded'),
  ]
}

function success(status: string, response: OperationResponse): OperationResponse {
  return {
    ...response,
    headers: {
      ...response.headers,
      ...(status !== '204' && { ETag: etag('The version, for If-Match') }),
      ...(status === '201' && {
        Location: header('Where the query service shows it, absolute', { type: 'string', format: 'uri' }),
      }),
      [consistencyTokenHeader]: header(
        'For a read that must show this write: send it back in this header, best with `Prefer: wait=2`',
        { type: 'string' },
        'MDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYjMwMjA5OWE4MDU3LjE2K7b5GrlYALUtg8jwXq0g',
      ),
      [idempotencyReplayedHeader]: idempotencyReplayed,
    },
  }
}

/** By status; those of decided rejections may be a repeat's. */
function problemHeaders(method: string, mediaTypes: readonly string[]): Record<number, object> {
  const replayed = { [idempotencyReplayedHeader]: idempotencyReplayed }
  const retryAfter = {
    'Retry-After': header('Seconds after which to try again', { type: 'integer', minimum: 1 }, 1),
  }
  const accepted = (description: string) => header(description, { type: 'string' }, mediaTypes.join(', '))
  return {
    [problems['not-found'].status]: replayed,
    [problems.duplicate.status]: { ...retryAfter, ...replayed },
    [problems['precondition-failed'].status]: { ETag: etag('The version that there is now'), ...replayed },
    [problems['unsupported-media-type'].status]: {
      Accept: accepted('What is taken here'),
      ...(method === 'patch' && { 'Accept-Patch': accepted('What a PATCH takes here') }),
    },
    [problems.unavailable.status]: retryAfter,
  }
}

const etag = (description: string) => header(description, { type: 'string' }, '"1"')

/** Not filled in where it may stay empty: a form that came with a version could be sent once. */
const ifMatchParameter = (isRequired: boolean) => ({
  name: 'If-Match',
  in: 'header',
  required: isRequired,
  description:
    'The `ETag` of what the change is meant for, as `"1"`: where there is another version by now it is 412. `*` is any version.',
  schema: { type: 'string', ...(isRequired && { example: '*' }) },
})
