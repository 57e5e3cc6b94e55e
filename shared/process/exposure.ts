import { isOn } from './access-settings.ts'

/**
 * Why a process may not listen on `host`: it asks nobody who he is, so whoever reaches it may read and write all.
 * @returns undefined where only this machine reaches it, where requests need a token, or where ALLOW_UNAUTHENTICATED
 * says that it may
 */
export function exposure(host: string, settings: Readonly<Record<string, unknown>>): string | undefined {
  if (isLoopback(host) || isOn(settings) || settings['ALLOW_UNAUTHENTICATED'] === '1') return undefined
  return (
    `is "${host}": others could reach this process, which has no authentication and lets anyone read and write. ` +
    'Leave HOST at 127.0.0.1, set AUTH_JWKS_URL (see docs/security.md), or set ALLOW_UNAUTHENTICATED=1 where something in front keeps strangers out'
  )
}

/** Anyone can make tokens with the default secret: it is good where nobody else reaches the process. */
export function publicSecret(
  secret: string,
  settings: Readonly<Record<string, unknown>>,
  publicOne: string,
): string | undefined {
  const host = String(settings['HOST'] ?? '')
  if (secret !== publicOne || host === '' || isLoopback(host) || settings['ALLOW_UNAUTHENTICATED'] === '1')
    return undefined
  return `is the default, which everyone knows, and HOST is "${host}": set a secret of your own, the same for all processes`
}

/** Why a process may not use this broker: everyone knows the password of guest. */
export function guestElsewhere(url: string): string | undefined {
  const { username, hostname } = new URL(url)
  if ((username !== '' && username !== 'guest') || isLoopback(hostname)) return undefined
  return 'names the user guest, or none, of a broker on another machine: make a user of its own there (see docs/security.md)'
}

/** Names other than `localhost` count as others' addresses, whatever they resolve to today. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}
