import type { EventHeaders } from '../../shared/events/envelope.ts'
import type { Rejection } from './aggregate.ts'

/** A wish to change one aggregate, as a route hands it over. */
export interface Command {
  readonly aggregate: string
  /** A name in the aggregate's `decide`. */
  readonly name: string
  /** Lower-case. */
  readonly id: string
  /** The id was made for this command: there is no row to look for. */
  readonly isNew?: boolean
  readonly input: unknown
  /** Carried to the event: request id, trace context, actor. */
  readonly headers: EventHeaders
  /** Aborted when the client left: until the command is taken into a transaction it is then dropped. */
  readonly signal?: AbortSignal
}

/** What became of a command. Committed and durable, or decided and written nowhere. */
export type CommandResult =
  | {
      readonly kind: 'stored'
      readonly version: number
      /** The whole state after the command. */
      readonly state: Record<string, unknown>
      /** False where the command changed nothing: no event, the same version. */
      readonly changed: boolean
    }
  | { readonly kind: 'deleted'; readonly version: number }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

/** The port that routes see. Rejects with a {@link CommandFailure} only. */
export interface Commands {
  execute(command: Command): Promise<CommandResult>
}

/**
 * The command was not carried out, or, for `unknown`, nobody can tell. All but `internal` may be tried again.
 */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  constructor(
    readonly code:
      'queue-full' | 'database-away' | 'timeout' | 'locked' | 'unknown' | 'stopping' | 'internal',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
