import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { createHealth } from '../../process/health.ts'
import { silentLogger } from '../../process/log.ts'
import { createHttpApp, type HttpAppOptions } from '../app.ts'

export const issuer = 'https://issuer.example.com/'
export const audience = 'outbox'

export interface Claims {
  readonly scope?: string
  readonly sub?: string
  readonly iss?: string
  readonly aud?: string
  /** Seconds from now. */
  readonly expiresInS?: number
  readonly notBeforeS?: number
}

/** A token as the issuer makes them, unless told otherwise. */
export function signed(
  claims: Claims,
  key: CryptoKey | Uint8Array,
  header: { readonly alg: string; readonly kid?: string },
): Promise<string> {
  const { sub = 'ada', iss = issuer, aud = audience, scope = '', expiresInS = 60, notBeforeS } = claims
  const nowS = Math.floor(Date.now() / 1_000)
  const token = new SignJWT({ scope })
    .setProtectedHeader(header)
    .setSubject(sub)
    .setIssuer(iss)
    .setAudience(aud)
    .setExpirationTime(nowS + expiresInS)
  if (notBeforeS !== undefined) token.setNotBefore(nowS + notBeforeS)
  return token.sign(key)
}

/** An issuer with keys of its own, at a JWKS address on this machine. */
export async function startIssuer(kid = 'first') {
  const keys = new Map<string, CryptoKey>()
  const published: object[] = []
  async function rotate(name: string): Promise<void> {
    const pair = await generateKeyPair('ES256')
    keys.set(name, pair.privateKey)
    published.push({ ...(await exportJWK(pair.publicKey)), kid: name, alg: 'ES256', use: 'sig' })
  }
  await rotate(kid)
  let asked = 0
  const answer = () => {
    asked++
    return Response.json({ keys: published })
  }
  let server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
  const { port } = server
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    published,
    get asked() {
      return asked
    },
    rotate,
    async goAway() {
      await server.stop(true)
    },
    comeBack() {
      server = Bun.serve({ hostname: '127.0.0.1', port, fetch: answer })
    },
    token: (claims: Claims, by = kid) => signed(claims, keys.get(by)!, { alg: 'ES256', kid: by }),
    async [Symbol.asyncDispose]() {
      await server.stop(true)
    },
  }
}

/** The shell of every process, healthy, with what a test puts into it. */
export function shell(options: Partial<HttpAppOptions>) {
  return createHttpApp({
    title: 'Shell',
    description: 'For a test',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => 'figures 1\n',
    ...options,
  })
}
