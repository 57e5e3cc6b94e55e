import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

/** A token's keys could not be asked for: nobody can tell whether it is good. */
export class KeysAwayError extends Error {
  override readonly name = 'KeysAwayError'
}

/**
 * The keys at a JWKS address, kept for ten minutes and asked for anew, at most every `cooldownMs`, when a token names
 * one that is not among them: so a rotation needs no restart, and made-up key ids no flood of requests. An address
 * that does not answer is left alone for a tenth of that.
 * @returns a function that throws KeysAwayError while the address does not answer, and jose's own errors
 */
export function remoteKeys(options: {
  url: string
  cooldownMs: number
  timeoutMs: number
  now: () => number
}): JWTVerifyGetKey {
  const { url, cooldownMs, timeoutMs, now } = options
  const keys = createRemoteJWKSet(new URL(url), { cooldownDuration: cooldownMs, timeoutDuration: timeoutMs })
  let failedAtMs = -Infinity
  return async (header, token) => {
    const isLeftAlone = now() - failedAtMs < cooldownMs / 10
    try {
      return await (isLeftAlone ? keptKeys()(header, token) : keys(header, token))
    } catch (error) {
      if (error instanceof KeysAwayError) throw error
      if (isAboutToken(error) && !isLeftAlone) throw error
      if (!isLeftAlone) failedAtMs = now()
      throw new KeysAwayError('the keys cannot be fetched', { cause: error })
    }
  }

  function keptKeys() {
    const kept = keys.fresh ? keys.jwks() : undefined
    if (!kept) throw new KeysAwayError('the keys could not be fetched a moment ago')
    return createLocalJWKSet(kept)
  }
}

const isAboutToken = (error: unknown) =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported
