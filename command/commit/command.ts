import type { EventHeaders } from '../../shared/events/envelope.ts'
import type { Written } from '../../shared/http/consistency-token.ts'
import type { Rejection } from './aggregate.ts'
import type { Expectation } from './if-match.ts'

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
  /** Decided once the row is known to exist: a command for nothing at all is the decision's own business. */
  readonly expect?: Expectation
  /** Carried to the event: request id, trace context, actor. */
  readonly headers: EventHeaders
  /** Aborted when the client left: until the command is taken into a transaction it is then dropped. */
  readonly signal?: AbortSignal
  /** Makes repeats safe: carried out once, and answered the same from then on. */
  readonly idempotency?: Idempotency
}

/** The client's own name for a request: a repeat with the same key and input gets the first one's answer. */
export interface Idempotency {
  readonly key: string
  /** Of HTTP; with actor, aggregate, command and id (unless it is new) the scope in which a key means one request. */
  readonly method: string
  /** Pure: what the client is told. Kept in the command's own transaction. */
  answerOf(result: DecidedResult): KeptAnswer
}

/** An answer as a repeat gets it, byte for byte. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON; absent where there is no body. */
  readonly body?: unknown
  /** What was written, where anything was: whoever gives the answer adds a token for it, of the secret of that day. */
  readonly written?: Written
}

/** What became of a command that was carried out now. Committed and durable, or decided and written nowhere. */
export type DecidedResult =
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

export type CommandResult =
  | DecidedResult
  /** Carried out before, under the same key and with the same input. */
  | { readonly kind: 'replayed'; readonly answer: KeptAnswer }
  /** The key belongs to a request with another input. */
  | { readonly kind: 'key-reused' }

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
      | 'queue-full'
      | 'database-away'
      | 'timeout'
      | 'locked'
      /** A command with the same key is under way, here or in another process. */
      | 'key-in-use'
      | 'unknown'
      | 'stopping'
      | 'internal',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
