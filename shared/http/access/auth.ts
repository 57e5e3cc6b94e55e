import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { Logger } from '../../process/log.ts'
import type { Principal } from '../context.ts'
import { HttpProblem } from '../problem.ts'
import { createTokenCache } from './token-cache.ts'
import { KeysAwayError, remoteKeys } from './token-keys.ts'

export interface AuthOptions {
  /** Where the issuer publishes its public keys, or the secret it shares with us. */
  readonly keys: { readonly jwksUrl: string } | { readonly secret: string }
  /** Nothing else is taken, whatever a token says of itself. */
  readonly algorithms: readonly string[]
  readonly issuer: string
  readonly audience: string
  /** Between the issuer's clock and ours. */
  readonly clockSkewS: number
  readonly log: Logger
  /** Between two requests for keys because a token names an unknown one. */
  readonly cooldownMs?: number
  readonly now?: () => number
}

/** Who sends a request, by the JSON Web Token in its `Authorization` header (RFC 6750, RFC 7519). */
export interface Auth {
  /** Known from an earlier request: costs no signature check. */
  known(headers: Headers): Principal | undefined
  /** @throws HttpProblem 401 `unauthenticated`; 503 `unavailable` while the issuer's keys cannot be fetched */
  authenticate(headers: Headers): Promise<Principal>
}

export function createAuth(options: AuthOptions): Auth {
  const { algorithms, issuer, audience, clockSkewS, log, now = Date.now } = options
  const keyOf = keysOf(options, now)
  const cache = createTokenCache(tokensMax, now)

  async function verified(token: string): Promise<Principal> {
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: clockSkewS,
      currentDate: new Date(now()),
      requiredClaims: ['exp', 'sub'],
    })
    const { sub, exp = 0 } = payload
    if (typeof sub !== 'string' || !subjectPattern.test(sub))
      throw new errors.JWTInvalid('its subject cannot be recorded')
    const principal = { subject: sub, scopes: scopesOf(payload) }
    cache.set(token, principal, Math.min((exp + clockSkewS) * 1_000, now() + rememberedMs))
    return principal
  }

  return {
    known: (headers) => cache.get(tokenOf(headers) ?? ''),
    async authenticate(headers) {
      const token = tokenOf(headers)
      if (token === undefined) throw unauthenticated('send `Authorization: Bearer <token>`')
      const known = cache.get(token)
      if (known) return known
      try {
        return await verified(token)
      } catch (error) {
        if (error instanceof KeysAwayError) {
          log.error('the keys that tokens are checked with cannot be fetched', {
            error: error.cause ?? error,
          })
          throw new HttpProblem('unavailable', { detail: 'tokens cannot be checked now', retryAfterS: 2 })
        }
        if (!(error instanceof errors.JOSEError)) throw error
        throw unauthenticated(wordsFor(error), 'invalid_token')
      }
    },
  }
}

function keysOf({ keys, cooldownMs = 30_000 }: AuthOptions, now: () => number): JWTVerifyGetKey {
  if ('jwksUrl' in keys) return remoteKeys({ url: keys.jwksUrl, cooldownMs, timeoutMs: 3_000, now })
  const secret = new TextEncoder().encode(keys.secret)
  return () => secret
}

/** `Bearer` in any case, as HTTP has it. */
function tokenOf(headers: Headers): string | undefined {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(headers.get('authorization') ?? '')?.[1]
  return token !== undefined && token.length <= tokenCharsMax ? token : undefined
}

/** Of OAuth (`scope`, one text) and of issuers that send a list (`scp`). */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  const given = scope ?? scp
  if (Array.isArray(given)) return given.filter((item) => typeof item === 'string')
  return typeof given === 'string' ? given.split(' ').filter(Boolean) : []
}

/** What is wrong, for the one who made the token; never a value out of it. */
function wordsFor(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === 'missing'
      ? `the token has no ${error.claim}`
      : `the token's ${error.claim} is not for this service, or not for now`
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not accepted here"
  return 'the token is not one that can be accepted'
}

function unauthenticated(detail: string, code?: 'invalid_token'): HttpProblem {
  const challenge = code ? `Bearer error="${code}", error_description="${detail}"` : 'Bearer'
  return new HttpProblem('unauthenticated', { detail, headers: { 'www-authenticate': challenge } })
}

const tokensMax = 5_000
const tokenCharsMax = 8_192
/** So long a token counts as good without a look at its key: one that was withdrawn is taken no longer than that. */
const rememberedMs = 60_000
/** As OpenID Connect bounds a subject: it becomes the actor of events, and part of an idempotency key's scope. */
const subjectPattern = /^[\x20-\x7e]{1,255}$/
