import { SignJWT } from 'jose'
import { genericAggregates } from '../command/aggregates.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The header by which the tools here are let in: `OPS_TOKEN`, or where the services share a secret with the issuer a
 * token made with it; none where there is no authentication.
 */
export async function authorization(env: Env = process.env): Promise<{ authorization?: string }> {
  const scope = ['ops', ...genericAggregates.flatMap(({ name }) => [`${name}:read`, `${name}:write`])].join(
    ' ',
  )
  const token = env['OPS_TOKEN'] || (env['AUTH_SECRET'] && (await makeToken({ subject: 'ops', scope }, env)))
  return token ? { authorization: `Bearer ${token}` } : {}
}

/** A token as the services with these settings take it. @throws Error where they share no secret */
export function makeToken(
  { subject, scope, minutes = 5 }: { subject: string; scope: string; minutes?: number },
  env: Env,
): Promise<string> {
  const { AUTH_SECRET, AUTH_ISSUER, AUTH_AUDIENCE, AUTH_ALGORITHMS } = env
  if (!AUTH_SECRET || !AUTH_ISSUER || !AUTH_AUDIENCE)
    throw new Error(
      'AUTH_SECRET, AUTH_ISSUER and AUTH_AUDIENCE must be set: by AUTH_JWKS_URL the issuer alone makes tokens',
    )
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: AUTH_ALGORITHMS?.split(',')[0]?.trim() || 'HS256', typ: 'JWT' })
    .setSubject(subject)
    .setIssuer(AUTH_ISSUER)
    .setAudience(AUTH_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`)
    .sign(new TextEncoder().encode(AUTH_SECRET))
}
