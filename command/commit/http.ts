import type { Context } from 'elysia'
import type { EventHeaders } from '../../shared/events/envelope.ts'
import { consistencyTokenHeader, type ConsistencyTokens } from '../../shared/http/consistency-token.ts'
import { contextOf } from '../../shared/http/context.ts'
import { versionTag } from '../../shared/http/entity-tags.ts'
import { idempotencyKeyOf, idempotencyReplayedHeader } from '../../shared/http/idempotency-key.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import type { Rejection } from './aggregate.ts'
import {
  CommandFailure,
  type Command,
  type Commands,
  type DecidedResult,
  type KeptAnswer,
} from './command.ts'
import { ifMatchOf, type Expectation } from './if-match.ts'

/** What an aggregate's routes are given. */
export interface RouteDeps {
  readonly commands: Commands
  readonly tokens: ConsistencyTokens
  /** A fresh UUIDv7. */
  readonly newId: () => string
  /** The query service as clients see it, without a slash at the end. */
  readonly queryPublicUrl: string
  /** A write without `Idempotency-Key` is refused. */
  readonly idempotencyKeyRequired?: boolean
  /** A change or a removal without `If-Match` is refused. */
  readonly ifMatchRequired?: boolean
}

/** How a command that was carried out is answered; 201 with where its aggregate is read: `/<aggregate>/<id>`. */
export type Success = 200 | 201 | 204

/** What a route hands over of its request. Without an id in the path the command makes a new aggregate. */
export interface Exchange extends Pick<Context, 'request' | 'set'> {
  readonly params?: { readonly id: string }
  /** The command's input. */
  readonly body?: unknown
}

/** The writes of one aggregate's routes, by a decision's name; answered with `Body`, or with nothing for 204. */
export const writesOf =
  <Body>(deps: RouteDeps, aggregate: string) =>
  <Status extends Success>(exchange: Exchange, name: string, status: Status) =>
    write(deps, exchange, { aggregate, name }, status) as Promise<Status extends 204 ? void : Body>

/**
 * Carries out what a route asks for and answers it: the one way from a request to a command and back, idempotency
 * keys, preconditions and tokens included. @throws HttpProblem
 */
async function write(
  deps: RouteDeps,
  { request, set, params, body }: Exchange,
  { aggregate, name }: Pick<Command, 'aggregate' | 'name'>,
  status: Success,
): Promise<unknown> {
  const { commands, tokens, newId, queryPublicUrl } = deps
  const { requestId } = contextOf(request)
  const id = params?.id.toLowerCase() ?? newId()
  const location = status === 201 ? { location: `${queryPublicUrl}/${aggregate}/${id}` } : undefined
  const key = idempotencyKeyOf(request.headers, deps.idempotencyKeyRequired ?? false)
  const expect = params && expectationOf(request.headers, deps.ifMatchRequired ?? false)
  const answerOf = (result: DecidedResult) => answer(result, { id, status, location }, requestId)
  const addToken = ({ written }: KeptAnswer) => {
    if (written) set.headers[consistencyTokenName] = tokens.issue(written.id, written.version)
  }
  const result = await commands
    .execute({
      aggregate,
      name,
      id,
      input: body,
      isNew: params === undefined,
      headers: eventHeaders(request),
      signal: request.signal,
      ...(expect && { expect }),
      ...(key === undefined ? undefined : { idempotency: { key, method: request.method, answerOf } }),
    })
    .catch((error: unknown) => {
      throw error instanceof CommandFailure ? failureProblem(error, key !== undefined) : error
    })
  switch (result.kind) {
    case 'rejected':
      throw rejectionProblem(result.rejection)
    case 'key-reused':
      throw new HttpProblem('idempotency-key-reused', { detail: 'use another key for another request' })
    case 'replayed':
      addToken(result.answer)
      return replay(result.answer, set)
    case 'stored':
    case 'deleted': {
      const given = answerOf(result)
      set.status = given.status
      Object.assign(set.headers, given.headers)
      addToken(given)
      return given.body
    }
    default:
      return result satisfies never
  }
}

const consistencyTokenName = consistencyTokenHeader.toLowerCase()

/** Pure: the same for a command's own client and, kept in between, for every repeat. */
function answer(
  result: DecidedResult,
  { id, status, location }: { id: string; status: Success; location: { location: string } | undefined },
  requestId: string,
): KeptAnswer {
  switch (result.kind) {
    case 'stored': {
      const { version, state } = result
      return {
        status,
        headers: { etag: versionTag(version), ...location },
        body: { ...state, version },
        written: { id, version },
      }
    }
    case 'deleted':
      return { status, headers: {}, written: { id, version: result.version } }
    case 'rejected': {
      const problem = rejectionProblem(result.rejection)
      return { status: problem.status, headers: problem.headers(), body: problem.body(requestId) }
    }
    default:
      return result satisfies never
  }
}

/** As it was given then: not held against today's schema of answers, which may have changed since. */
function replay({ status, headers, body }: KeptAnswer, set: Context['set']): Response {
  set.status = status
  set.headers[idempotencyReplayedHeader.toLowerCase()] = 'true'
  const init = { status, headers }
  return body === undefined ? new Response(null, init) : Response.json(body, init)
}

/** @throws HttpProblem 428 */
function expectationOf(headers: Headers, isRequired: boolean): Expectation | undefined {
  const expectation = ifMatchOf(headers.get('if-match'))
  if (expectation === undefined && isRequired)
    throw new HttpProblem('precondition-required', {
      detail: 'send If-Match with the ETag of what you read, or *',
    })
  return expectation
}

/** The request's identity as its events carry it. */
function eventHeaders(request: Request): EventHeaders {
  const context = contextOf(request)
  return {
    ...(context.principal === undefined ? undefined : { actor: context.principal.subject }),
    requestid: context.requestId,
    traceparent: context.traceparent,
    ...(context.tracestate === undefined ? undefined : { tracestate: context.tracestate }),
    ...(context.correlationId === undefined ? undefined : { correlationid: context.correlationId }),
    ...(context.causationId === undefined ? undefined : { causationid: context.causationId }),
  }
}

function rejectionProblem(rejection: Rejection): HttpProblem {
  const detail = rejection.detail === undefined ? undefined : { detail: rejection.detail }
  switch (rejection.reason) {
    case 'duplicate':
      return new HttpProblem('duplicate', {
        errors: [{ pointer: `/${rejection.field ?? ''}`, detail: 'is taken already' }],
      })
    case 'not-found':
      return new HttpProblem('not-found', detail)
    case 'invalid':
      return new HttpProblem('invalid', detail)
    case 'version-conflict': {
      const { version } = rejection
      return version === undefined
        ? new HttpProblem('precondition-failed', { detail: 'there is nothing yet' })
        : new HttpProblem('precondition-failed', {
            detail: `the version is ${version} now`,
            headers: { etag: versionTag(version) },
          })
    }
    default:
      return rejection.reason satisfies never
  }
}

function failureProblem(failure: CommandFailure, hasKey: boolean): HttpProblem {
  switch (failure.code) {
    case 'queue-full':
      return new HttpProblem('overloaded', { detail: 'the queue is full; try again later' })
    case 'database-away':
      return new HttpProblem('unavailable', {
        detail: 'the database does not answer; nothing was stored',
        retryAfterS: 2,
      })
    case 'timeout':
    case 'locked':
      return new HttpProblem('unavailable', { detail: `${failure.message}; nothing was stored` })
    case 'key-in-use':
      return new HttpProblem('idempotency-key-in-use', {
        detail: 'come again for its answer',
        retryAfterS: 1,
      })
    case 'stopping':
      return new HttpProblem('unavailable', { detail: 'this process is stopping; another will serve you' })
    case 'unknown':
      return new HttpProblem('unavailable', {
        detail: `it is not known whether this was stored; ${hasKey ? 'repeat it with the same Idempotency-Key' : 'look before you repeat it'}`,
      })
    case 'internal':
      return new HttpProblem('internal')
    default:
      return failure.code satisfies never
  }
}
