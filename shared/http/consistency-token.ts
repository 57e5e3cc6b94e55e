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
  issue(id: string, version: number): Promise<string>
  /** @throws HttpProblem 400 `bad-token` for whatever was not issued with this secret */
  read(token: string): Promise<Written>
}

/**
 * A token is base64url of `id.version` and the first 16 bytes of its HMAC-SHA-256: nobody can make one for a version
 * that does not exist, so nobody can have reads wait for nothing. WebCrypto, since apps run wherever `fetch` does.
 */
export function createConsistencyTokens(secret: string): ConsistencyTokens {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  let imported: Promise<CryptoKey> | undefined
  async function macOf(text: Bytes): Promise<Bytes> {
    imported ??= crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign(algorithm.name, await imported, text)).subarray(
      0,
      macBytes,
    )
  }
  return {
    async issue(id, version) {
      const text = utf8.encode(`${id}.${version}`)
      const bytes = new Uint8Array(text.length + macBytes)
      bytes.set(text)
      bytes.set(await macOf(text), text.length)
      return toBase64url(bytes)
    },
    async read(token) {
      const bytes = token.length <= tokenCharsMax ? fromBase64url(token) : undefined
      if (!bytes || bytes.length <= macBytes) throw bad()
      const text = bytes.subarray(0, -macBytes)
      if (!areEqual(await macOf(text), bytes.subarray(-macBytes))) throw bad()
      const [, id, version] = /^(.+)\.(\d{1,15})$/.exec(new TextDecoder().decode(text)) ?? []
      if (id === undefined) throw bad()
      return { id, version: Number(version) }
    },
  }
}

type Bytes = Uint8Array<ArrayBuffer>

const utf8 = new TextEncoder()
const macBytes = 16
/** Longer than any that is issued; what is longer is not looked at. */
const tokenCharsMax = 512

const bad = () =>
  new HttpProblem('bad-token', {
    detail: `send ${consistencyTokenHeader} as the answer to a write gave it`,
  })

const toBase64url = (bytes: Bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')

/** @returns undefined for anything but the one spelling that {@link toBase64url} gives */
function fromBase64url(text: string): Bytes | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) =>
    char.charCodeAt(0),
  )
  return toBase64url(bytes) === text ? bytes : undefined
}

/** In a time that does not tell how much of it was right. */
function areEqual(a: Bytes, b: Bytes): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
  return difference === 0
}
