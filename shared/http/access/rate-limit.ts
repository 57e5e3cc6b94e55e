/** How much one client, and all together, may ask of this process. */
export interface RateLimitOptions {
  readonly perSecond: number
  /** Most requests at once. */
  readonly burst: number
  /** Of everybody together; 0 is no bound. */
  readonly processPerSecond?: number
  readonly clientsMax?: number
  /** Milliseconds. */
  readonly now?: () => number
}

export interface RateLimit {
  /** Counts one request of this client. */
  take(client: string): Verdict
  /** Whether the next one would be let through. */
  allows(client: string): boolean
}

export interface Verdict {
  readonly allowed: boolean
  /** When to come again, where it is not. */
  readonly retryAfterS: number
  /** `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10. */
  readonly headers: Readonly<Record<string, string>>
}

/** Token buckets in memory: one a client, the least recently used one dropped when there are too many, and one for all. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const {
    perSecond,
    burst,
    processPerSecond = 0,
    clientsMax = 10_000,
    now = () => performance.now(),
  } = options
  const buckets = new Map<string, Bucket>()
  const everybody = processPerSecond > 0 ? bucket(processPerSecond, processPerSecond) : undefined
  const policy = [policyOf('client', burst, perSecond)]
  if (everybody) policy.push(policyOf('process', processPerSecond, processPerSecond))
  const headers = { 'ratelimit-policy': policy.join(', ') }

  function bucketOf(client: string): Bucket {
    const found = buckets.get(client) ?? bucket(perSecond, burst)
    buckets.delete(client)
    if (buckets.size >= clientsMax) buckets.delete(buckets.keys().next().value!)
    buckets.set(client, found)
    return found
  }

  function bucket(rate: number, size: number): Bucket {
    return { rate, size, tokens: size, atMs: now() }
  }

  return {
    take(client) {
      const own = refilled(bucketOf(client), now())
      const all = everybody && refilled(everybody, now())
      const short = own.tokens < 1 ? own : all && all.tokens < 1 ? all : undefined
      if (!short) {
        own.tokens--
        if (all) all.tokens--
      }
      const parts = [stateOf('client', own)]
      if (all) parts.push(stateOf('process', all))
      return {
        allowed: !short,
        retryAfterS: short ? Math.max(1, Math.ceil((1 - short.tokens) / short.rate)) : 0,
        headers: { ...headers, ratelimit: parts.join(', ') },
      }
    },
    allows: (client) => refilled(bucketOf(client), now()).tokens >= 1,
  }
}

interface Bucket {
  readonly rate: number
  readonly size: number
  tokens: number
  atMs: number
}

function refilled(bucket: Bucket, atMs: number): Bucket {
  bucket.tokens = Math.min(bucket.size, bucket.tokens + ((atMs - bucket.atMs) / 1_000) * bucket.rate)
  bucket.atMs = atMs
  return bucket
}

const policyOf = (name: string, size: number, rate: number) =>
  `"${name}";q=${size};w=${Math.max(1, Math.ceil(size / rate))}`

/** What is left, and after how many seconds it is whole again. */
const stateOf = (name: string, { tokens, size, rate }: Bucket) =>
  `"${name}";r=${Math.floor(tokens)};t=${Math.ceil((size - tokens) / rate)}`
