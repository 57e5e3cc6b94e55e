import { createHmac, timingSafeEqual } from 'node:crypto'
import { badToken, type ConsistencyTokens } from '../http/consistency-token.ts'

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
      if (bytes.length <= macBytes || bytes.toString('base64url') !== token) throw badToken()
      const text = bytes.subarray(0, -macBytes)
      if (!timingSafeEqual(macOf(text), bytes.subarray(-macBytes))) throw badToken()
      const [, id, version] = /^(.+)\.(\d{1,15})$/.exec(text.toString()) ?? []
      if (id === undefined) throw badToken()
      return { id, version: Number(version) }
    },
  }
}

const macBytes = 16
/** Longer than any that is issued; what is longer is not looked at. */
const tokenCharsMax = 512
