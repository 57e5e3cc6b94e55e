import type { EventHeaders } from '../../shared/events/envelope.ts'
import { contextOf } from '../../shared/http/context.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import { CommandFailure, type Command, type Commands } from './command.ts'

/** What an aggregate's routes are given. */
export interface RouteDeps {
  readonly commands: Commands
  /** A fresh UUIDv7. */
  readonly newId: () => string
  /** The query service as clients see it, without a slash at the end. */
  readonly queryPublicUrl: string
}

/** The one mapper from what became of a command to an answer. */
export async function resultOrProblem(
  commands: Commands,
  command: Command,
): Promise<{ version: number; body: Record<string, unknown> }> {
  const result = await commands.execute(command).catch((error: unknown) => {
    throw error instanceof CommandFailure ? failureProblem(error) : error
  })
  switch (result.kind) {
    case 'stored':
      return { version: result.version, body: { ...result.state, version: result.version } }
    case 'deleted':
      return { version: result.version, body: {} }
    case 'rejected':
      throw rejectionProblem(result.rejection)
    default:
      return result satisfies never
  }
}

/** The request's identity as its events carry it, and the signal that tells when the client left. */
export function commandHeaders(request: Request): { headers: EventHeaders; signal: AbortSignal } {
  const context = contextOf(request)
  return {
    headers: {
      requestid: context.requestId,
      traceparent: context.traceparent,
      ...(context.tracestate === undefined ? undefined : { tracestate: context.tracestate }),
      ...(context.correlationId === undefined ? undefined : { correlationid: context.correlationId }),
      ...(context.causationId === undefined ? undefined : { causationid: context.causationId }),
    },
    signal: request.signal,
  }
}

function rejectionProblem(rejection: { reason: string; field?: string; detail?: string }): HttpProblem {
  const detail = rejection.detail === undefined ? undefined : { detail: rejection.detail }
  switch (rejection.reason) {
    case 'duplicate':
      return new HttpProblem('duplicate', {
        errors: [{ pointer: `/${rejection.field ?? ''}`, detail: 'is taken already' }],
      })
    case 'not-found':
      return new HttpProblem('not-found', detail)
    default:
      return new HttpProblem('invalid', detail)
  }
}

function failureProblem(failure: CommandFailure): HttpProblem {
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
    case 'stopping':
      return new HttpProblem('unavailable', { detail: 'this process is stopping; another will serve you' })
    case 'unknown':
      return new HttpProblem('unavailable', {
        detail: 'it is not known whether this was stored; look before you repeat it',
      })
    case 'internal':
      return new HttpProblem('internal')
    default:
      return failure.code satisfies never
  }
}
