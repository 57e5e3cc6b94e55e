import { HttpProblem } from './problem.ts'

export const consistencyTokenHeader = 'Consistency-Token'

/** What a write is known by: the aggregate it changed, and the version it made. */
export interface Written {
  /** Lower-case. */
  readonly id: string
  readonly version: number
}

/** Makes and reads the tokens with which a client reads its own writes. Both services share the secret. */
export interface ConsistencyTokens {
  /** The same for the same write. */
  issue(id: string, version: number): string
  /** @throws HttpProblem 400 `bad-token` for whatever was not issued with this secret */
  read(token: string): Written
}

/** For an app that shares no secret with whoever writes. */
export const noTokens: ConsistencyTokens = {
  issue() {
    throw new Error('there is no secret to sign with')
  },
  read() {
    throw badToken()
  },
}

export const badToken = () =>
  new HttpProblem('bad-token', {
    detail: `send ${consistencyTokenHeader} as the answer to a write gave it`,
  })
