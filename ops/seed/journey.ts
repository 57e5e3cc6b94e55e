import type { Person } from './people.ts'

/** A user as the command service answered it; undefined once deleted. */
export type Expected = Map<string, User | undefined>
export interface User extends Person {
  readonly id: string
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

/** The two services, by whatever means they are reached. */
export interface Services {
  /** Each one a request of its own. @param version the one that a change is meant for */
  command(
    method: string,
    path: string,
    body?: unknown,
    version?: number,
  ): Promise<{ status: number; body: unknown }>
  query(path: string): Promise<{ status: number; body: unknown }>
}

export interface WriteCounts {
  created: number
  updated: number
  deleted: number
}

/**
 * Creates `count` users, then updates a third and deletes a tenth of them, `concurrency` at a time.
 * @returns what the read side must show in the end, in the order of the last write
 * @throws Error with the answer, when a write is not accepted
 */
export async function write(options: {
  services: Services
  people: Iterator<Person>
  count: number
  concurrency: number
  onProgress: (counts: WriteCounts) => void
}): Promise<Expected> {
  const { services, count, concurrency, onProgress } = options
  const expected: Expected = new Map()
  const counts: WriteCounts = { created: 0, updated: 0, deleted: 0 }
  const next = () => options.people.next().value as Person
  const send = async (status: number, method: string, path: string, body?: unknown, version?: number) => {
    const answer = await services.command(method, path, body, version)
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as User
  }
  const touch = (id: string, user: User | undefined) => {
    expected.delete(id)
    expected.set(id, user)
    onProgress(counts)
  }

  await inParallel(Array.from({ length: count }, next), concurrency, async (person) => {
    const user = await send(201, 'POST', '/users', person)
    counts.created++
    touch(user.id, user)
  })
  const ids = [...expected.keys()]
  await inParallel(
    ids.filter((_, n) => n % 3 === 0),
    concurrency,
    async (id) => {
      const { email, version } = expected.get(id)!
      const user = await send(200, 'PUT', `/users/${id}`, { ...next(), email }, version)
      counts.updated++
      touch(id, user)
    },
  )
  await inParallel(
    ids.filter((_, n) => n % 10 === 7),
    concurrency,
    async (id) => {
      await send(204, 'DELETE', `/users/${id}`, undefined, expected.get(id)!.version)
      counts.deleted++
      touch(id, undefined)
    },
  )
  return expected
}

/**
 * Reads each user and compares it in full.
 * @returns the ids that are missing, stale, resurrected or otherwise different
 */
export async function differing(
  services: Services,
  expected: Expected,
  concurrency: number,
): Promise<string[]> {
  const different: string[] = []
  await inParallel([...expected], concurrency, async ([id, user]) => {
    const { status, body } = await services.query(`/users/${id}`)
    const same = user ? status === 200 && sameUser(user, body as User) : status === 404
    if (!same) different.push(id)
  })
  return different
}

const fields = ['id', 'version', 'first_name', 'last_name', 'email', 'created_at', 'updated_at'] as const
const sameUser = (a: User, b: User) => fields.every((field) => a[field] === b[field])

/**
 * Waits until the read side shows what was written, then compares every user in full.
 * @returns the ids that still differ after `timeoutMs` without progress, and the time until the last one agreed
 */
export async function converge(options: {
  services: Services
  expected: Expected
  concurrency: number
  timeoutMs: number
  onProgress: (remaining: number) => void
}): Promise<{ different: string[]; elapsedMs: number }> {
  const { services, concurrency } = options
  const startedAtMs = performance.now()
  // The last writes arrive last: once they are there, one full comparison tells.
  let remaining: Expected = new Map([...options.expected].slice(-500))
  let isFull = remaining.size === options.expected.size
  let agreedAtMs = startedAtMs
  let progressAtMs = startedAtMs
  for (;;) {
    const different = await differing(services, remaining, concurrency)
    const nowMs = performance.now()
    if (different.length > 0) {
      if (different.length < remaining.size) progressAtMs = nowMs
      agreedAtMs = nowMs
      remaining = new Map(different.map((id) => [id, options.expected.get(id)]))
      options.onProgress(different.length)
      if (nowMs - progressAtMs > options.timeoutMs) {
        const all = await differing(services, options.expected, concurrency)
        return { different: all, elapsedMs: nowMs - startedAtMs }
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
      continue
    }
    if (isFull) return { different: [], elapsedMs: agreedAtMs - startedAtMs }
    if (agreedAtMs === startedAtMs) agreedAtMs = nowMs
    remaining = options.expected
    isFull = true
  }
}

/** Runs `work` over the items, `concurrency` at a time; the first failure ends it. */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
) {
  let index = 0
  const worker = async () => {
    while (index < items.length) await work(items[index++]!)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
}
