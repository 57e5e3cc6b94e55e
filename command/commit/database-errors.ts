/**
 * What a failed statement means for a batch of commands: a pure classification by SQLSTATE, never by message.
 * Source: PostgreSQL appendix A; connection failures come from `pg`, `Bun.SQL` and Node's sockets.
 */
export type DatabaseFailure =
  /** 40P01, 40001, 55P03, …: nobody's fault; the same batch may succeed. */
  | { kind: 'retryable'; sqlState: string }
  /** The connection is gone: whatever was not committed is undone, whatever was sent may be committed. */
  | { kind: 'connection' }
  /** 23505: `constraint` names the unique value that somebody has. */
  | { kind: 'guilty'; sqlState: string; constraint: string | undefined }
  /** Anything else: a defect or a broken schema. */
  | { kind: 'other'; sqlState: string | undefined }

export function classify(error: unknown): DatabaseFailure {
  const state = sqlState(error)
  if (state && retryableStates.has(state)) return { kind: 'retryable', sqlState: state }
  if (isConnectionError(error)) return { kind: 'connection' }
  if (state?.startsWith('23') || state?.startsWith('22'))
    return { kind: 'guilty', sqlState: state, constraint: field(error, 'constraint') }
  return { kind: 'other', sqlState: state }
}

/** The five-character SQLSTATE, wherever the library put it. */
export function sqlState(error: unknown): string | undefined {
  for (const candidate of [field(error, 'code'), field(error, 'errno')])
    if (candidate !== undefined && /^[0-9A-Z]{5}$/.test(candidate) && /\d/.test(candidate)) return candidate
  return undefined
}

/** Lost, refused or never made: 08xxx, 57P01 to 57P05, 53300, and failures below SQL. */
export function isConnectionError(error: unknown): boolean {
  const state = sqlState(error)
  if (state) return state.startsWith('08') || state.startsWith('57P') || state === '53300'
  const code = field(error, 'code') ?? ''
  if (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET|ERR_SOCKET|ERR_STREAM|ERR_POSTGRES_(CONNECTION|IDLE|LIFETIME))/.test(
      code,
    )
  )
    return true
  if (error instanceof Error)
    // `pg` reports these without a code.
    return (
      /^(?:.* - )?(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Connection (closed|ended)|Failed to connect|Unable to connect)/i.test(
        error.message.split('\n', 1)[0] ?? '',
      ) ||
      (error.cause !== undefined && isConnectionError(error.cause))
    )
  return false
}

// 25P03, 25P04: the server ended a transaction that idled or took too long; it wrote nothing. 53200: the lock table,
// which all sessions share, is full for the moment.
const retryableStates = new Set(['40001', '40P01', '55P03', '57014', '25P03', '25P04', '53200'])

function field(error: unknown, name: string): string | undefined {
  const value = (error as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : undefined
}
