import { BlockList, isIP } from 'node:net'
import { createAuth, type AuthOptions } from '../http/access/auth.ts'
import type { AccessOptions } from '../http/access/guard.ts'
import { createRateLimit } from '../http/access/rate-limit.ts'
import type { Logger } from './log.ts'
import { integer, listOf, text, url, type Setting, type Settings } from './settings.ts'

/** Who may call a process, and how often. */
export const accessSettings = {
  AUTH_JWKS_URL: {
    ...url({
      doc: 'Where the issuer of tokens publishes its keys (JWKS). Set, every request but for live and ready health needs a token; https beyond closed networks.',
      protocols: ['https:', 'http:'],
      default: '',
    }),
    objection: (value: string, all: All) =>
      value && all['AUTH_SECRET']
        ? 'and AUTH_SECRET are two ways for one thing: set one'
        : unnamed(value, all),
  },
  AUTH_SECRET: {
    ...text({
      doc: 'Instead of AUTH_JWKS_URL: the secret that tokens are signed with (HMAC), 32 bytes at least.',
      pattern: /^.{32,}$/,
      accepts: 'a text of 32 characters at least',
      default: '',
    }),
    secret: true,
    objection: unnamed,
  },
  AUTH_ALGORITHMS: {
    ...listOf({
      doc: 'Signature algorithms that are taken; none other, whatever a token says. Default: RS256, PS256, ES256 and EdDSA by JWKS, HS256 by secret.',
      pattern: /^((RS|PS|ES|HS)(256|384|512)|EdDSA|Ed25519)$/,
      accepts: 'a comma-separated list of RS256, PS256, ES256, EdDSA, HS256 or their longer forms',
      default: [],
    }),
    objection: (value: readonly string[], all: All) => {
      const misfits = value.filter((name) => name.startsWith('HS') === Boolean(all['AUTH_JWKS_URL']))
      return isOn(all) && misfits.length > 0
        ? `has ${misfits.join(', ')}: by AUTH_JWKS_URL come public keys, which no HS algorithm may use, and by AUTH_SECRET the HS algorithms alone`
        : undefined
    },
  },
  AUTH_ISSUER: text({
    doc: 'Who must have issued a token (`iss`), exactly as it stands there.',
    default: '',
  }),
  AUTH_AUDIENCE: text({ doc: 'Whom a token must be for (`aud`): the name of this API there.', default: '' }),
  AUTH_CLOCK_SKEW_S: integer({
    doc: "How far the issuer's clock and ours may be apart (seconds).",
    default: 5,
    min: 0,
    max: 300,
  }),
  RATE_LIMIT_PER_S: integer({
    doc: 'Requests a second that one principal, or without authentication one address, may send to one process; beyond it 429. 0: no limit.',
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
  RATE_LIMIT_BURST: integer({
    doc: 'Most requests of one client at once. 0: as many as it may send in two seconds.',
    default: 0,
    min: 0,
    max: 10_000_000,
  }),
  RATE_LIMIT_PROCESS_PER_S: integer({
    doc: 'Requests a second that all clients together may send to one process, where RATE_LIMIT_PER_S is set. 0: no limit.',
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
  TRUSTED_PROXIES: {
    ...listOf({
      doc: 'Addresses or networks of proxies whose `X-Forwarded-For` tells the client address for rate limits.',
      pattern: /^[0-9a-f.:]+(\/\d{1,3})?$/i,
      accepts: 'a comma-separated list such as 10.0.0.0/8, 127.0.0.1 or fd00::/8, or none',
      default: [],
    }),
    objection: (value: readonly string[]) => {
      try {
        membership(value)
      } catch {
        return 'has an entry that is no address and no network'
      }
    },
  },
  HSTS_MAX_AGE_S: integer({
    doc: 'For so long browsers are told to come by HTTPS only (seconds); 0 tells nothing. Only behind something that speaks HTTPS.',
    default: 0,
    min: 0,
    max: 63_072_000,
  }),
} satisfies Record<string, Setting<never> | Setting<string> | Setting<number> | Setting<readonly string[]>>

type All = Readonly<Record<string, unknown>>

/** Whether requests are asked who sends them. */
export const isOn = (settings: All): boolean => Boolean(settings['AUTH_JWKS_URL'] || settings['AUTH_SECRET'])

function unnamed(value: string, all: All): string | undefined {
  const missing = ['AUTH_ISSUER', 'AUTH_AUDIENCE'].filter((name) => !all[name])
  return value && missing.length > 0 ? `is set, so ${missing.join(' and ')} must be too` : undefined
}

/** What the settings say, for `createHttpApp`. */
export function accessOf(settings: Settings<typeof accessSettings>, log: Logger): AccessOptions {
  const { RATE_LIMIT_PER_S: perSecond, RATE_LIMIT_BURST: burst } = settings
  const auth = authOptions(settings, log)
  return {
    ...(auth && { auth: createAuth(auth) }),
    ...(perSecond > 0 && {
      rateLimit: createRateLimit({
        perSecond,
        burst: burst || perSecond * 2,
        processPerSecond: settings.RATE_LIMIT_PROCESS_PER_S,
      }),
      isTrustedProxy: membership(settings.TRUSTED_PROXIES),
    }),
  }
}

function authOptions(settings: Settings<typeof accessSettings>, log: Logger): AuthOptions | undefined {
  if (!isOn(settings)) return undefined
  const { AUTH_JWKS_URL: jwksUrl, AUTH_SECRET: secret, AUTH_ALGORITHMS: algorithms } = settings
  const usual = jwksUrl ? ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] : ['HS256']
  return {
    keys: jwksUrl ? { jwksUrl } : { secret },
    algorithms: algorithms.length > 0 ? algorithms : usual,
    issuer: settings.AUTH_ISSUER,
    audience: settings.AUTH_AUDIENCE,
    clockSkewS: settings.AUTH_CLOCK_SKEW_S,
    log,
  }
}

/** @param networks addresses, or CIDR blocks */
function membership(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = address.includes(':') ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => isIP(address) !== 0 && list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}
