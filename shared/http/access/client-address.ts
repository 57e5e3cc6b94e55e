/**
 * The address to count a client by. `X-Forwarded-For` is anybody's to write: it is read from its end, and only as far
 * as trusted proxies wrote it.
 * @param peer of the connection; undefined where the runtime does not tell
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  isTrustedProxy: (address: string) => boolean,
): string {
  let client = peer ?? 'unknown'
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim())
  while (isTrustedProxy(plain(client)) && hops.at(-1)) client = hops.pop()!
  return network(plain(client))
}

/** An IPv4 address as IPv6 sockets show it, in its own form. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** A subscriber of IPv6 has 2^64 addresses: they count as one. */
function network(address: string): string {
  if (!address.includes(':')) return address.slice(0, 64)
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const between = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const all = [...groups, ...Array.from({ length: between }, () => '0'), ...after]
  return `${all.slice(0, 4).join(':').slice(0, 24)}::/64`
}
