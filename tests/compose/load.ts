import type { Expected, User } from '../../ops/seed/journey.ts'
import { people } from '../../ops/seed/people.ts'

export interface Failure {
  readonly request: string
  readonly startedAtMs: number
  readonly answer: string
}

const CLIENTS = 6
/** Enough to meet every gap of a second, little enough for a machine that runs the whole system besides. */
const PAUSE_MS = 10
const REQUEST_TIMEOUT_MS = 20_000

/** As many writers as readers, who go on until they are stopped and forget nothing. */
export class Load {
  /** The state of each user whose last write was acknowledged; undefined where that was a delete. */
  readonly expected: Expected = new Map()
  readonly failures: Failure[] = []
  requests = 0
  private readonly over = new AbortController()
  private readonly clients: Promise<void>[]

  constructor(private readonly urls: { commandUrl: string; queryUrl: string }) {
    const persons = people({ seed: 1, run: Date.now().toString(36) })
    this.clients = Array.from({ length: CLIENTS }, (_, n) => [
      this.repeat(() => this.write(() => persons.next().value, n)),
      this.repeat(() => this.read(n)),
    ]).flat()
  }

  static readonly inFlightMax = CLIENTS * 2

  /** Resolves when the requests in flight have ended. */
  async stop(): Promise<void> {
    this.over.abort()
    await Promise.all(this.clients)
  }

  private async repeat(journey: () => Promise<void>): Promise<void> {
    while (!this.over.signal.aborted) {
      await journey()
      await Bun.sleep(PAUSE_MS)
    }
  }

  /** A user comes, changes its name, and now and then goes. */
  private async write(next: () => { email: string }, client: number): Promise<void> {
    const { commandUrl } = this.urls
    const person = next()
    const created = (await this.request('POST', `${commandUrl}/users`, person)) as User | undefined
    if (!created) return
    const url = `${commandUrl}/users/${created.id}`
    this.expected.set(created.id, created)
    const changed = { ...next(), email: person.email }
    this.note(created.id, (await this.request('PUT', url, changed)) as User | undefined)
    if (client > 0 || !this.expected.has(created.id)) return
    const deleted = await this.request('DELETE', url)
    this.expected.delete(created.id)
    if (deleted !== undefined) this.expected.set(created.id, undefined)
  }

  /** After a failed write either state is right: nothing is known of that user any more. */
  private note(id: string, user: User | undefined): void {
    if (user) this.expected.set(id, user)
    else this.expected.delete(id)
  }

  private async read(client: number): Promise<void> {
    const ids = [...this.expected.keys()].slice(-50)
    const id = ids[(this.requests + client) % ids.length]
    await this.request('GET', `${this.urls.queryUrl}/users${id ? `/${id}` : '?limit=5'}`)
  }

  /** @returns the body of a 2xx, null where it has none; 404 to a read is an answer too: the projection may be later */
  private async request(method: string, url: string, body?: unknown): Promise<unknown> {
    const startedAtMs = performance.now()
    this.requests++
    const fail = (answer: string) => {
      this.failures.push({ request: `${method} ${url}`, startedAtMs, answer })
      return undefined
    }
    try {
      const response = await fetch(url, {
        method,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      })
      const text = await response.text()
      if (!response.ok && !(method === 'GET' && response.status === 404))
        return fail(`${response.status} ${text}`)
      return text ? JSON.parse(text) : null
    } catch (error) {
      return fail(String(error))
    }
  }
}
