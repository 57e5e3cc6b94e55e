import { idempotencyKeyParameter, idempotencyReplayed, idempotencyReplayedHeader } from './idempotency-key.ts'

/**
 * Every write of an OpenAPI document with the header it takes and what it may answer: in one place, since no route
 * does anything for it. Pure.
 */
export function documentIdempotencyKeys(document: Document, isRequired: boolean): Document {
  const paths = Object.entries((document['paths'] ?? {}) as Record<string, Record<string, Operation>>)
  return {
    ...document,
    paths: Object.fromEntries(
      paths.map(([path, item]) => [
        path,
        Object.fromEntries(
          Object.entries(item).map(([method, operation]) => [
            method,
            writes.has(method) ? documented(operation, isRequired) : operation,
          ]),
        ),
      ]),
    ),
  }
}

type Document = Record<string, unknown>
interface Operation {
  readonly parameters?: readonly unknown[]
  readonly responses?: Record<string, Response>
}
interface Response {
  readonly description?: string
  readonly headers?: object
}

const writes = new Set(['post', 'put', 'patch', 'delete'])

function documented(operation: Operation, isRequired: boolean): Operation {
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => [
    status,
    {
      ...response,
      ...(reasons[status] && { description: `${response.description}${reasons[status]}` }),
      // What is kept for repeats: successes and decided rejections.
      ...(/^2|^40[49]$|^412$/.test(status) && {
        headers: { ...response.headers, [idempotencyReplayedHeader]: idempotencyReplayed },
      }),
    },
  ])
  return {
    ...operation,
    parameters: [...(operation.parameters ?? []), idempotencyKeyParameter(isRequired)],
    responses: Object.fromEntries(responses),
  }
}

const reasons: Readonly<Record<string, string>> = {
  400: ', or its Idempotency-Key is',
  409: '; or the request with this Idempotency-Key is still running: try again after `Retry-After` seconds',
  422: '; or the Idempotency-Key belongs to a request with another content',
}
