import { createHmac, timingSafeEqual } from 'node:crypto'
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

/**
 * A token is base64url of `id.version` and the first 16 bytes of its HMAC-SHA-256: nobody can make one for a version
 * that does not exist, so nobody can have reads wait for nothing. Not WebCrypto's: it goes through another thread, for
 * something that takes a microsecond.
 */
export function createConsistencyTokens(secret: string): ConsistencyTokens {
  const macOf = (text: Uint8Array) => createHmac('sha256', secret).update(text).digest().subarray(0, macBytes)
  return {
    issue(id, version) {
      const text = Buffer.from(`${id}.${version}`)
      return Buffer.concat([text, macOf(text)]).toString('base64url')
    },
    read(token) {
      const bytes = Buffer.from(token.length <= tokenCharsMax ? token : '', 'base64url')
      // Leniently read: whatever has another spelling than ours was not issued.
      if (bytes.length <= macBytes || bytes.toString('base64url') !== token) throw bad()
      const text = bytes.subarray(0, -macBytes)
      if (!timingSafeEqual(macOf(text), bytes.subarray(-macBytes))) throw bad()
      const [, id, version] = /^(.+)\.(\d{1,15})$/.exec(text.toString()) ?? []
      if (id === undefined) throw bad()
      return { id, version: Number(version) }
    },
  }
}

const macBytes = 16
/** Longer than any that is issued; what is longer is not looked at. */
const tokenCharsMax = 512

const bad = () =>
  new HttpProblem('bad-token', {
    detail: `send ${consistencyTokenHeader} as the answer to a write gave it`,
  })
