import { overHttp } from '../seed/over-http.ts'
import type { User } from '../seed/journey.ts'
import { people } from '../seed/people.ts'

/** Writes at a fixed rate, whatever the answers take, and forgets none of those that were acknowledged. */
export class Writers {
  sent = 0
  acknowledged = 0
  /** What was answered instead of a 2xx. */
  readonly failures: string[] = []
  /** In the form that the check for completeness reads. */
  readonly record: string[] = []
  /** Nobody else is changing these right now, so each is at the version that it was answered with. */
  private readonly users: User[] = []
  private readonly inFlight = new Set<Promise<void>>()
  private readonly persons = people({ seed: 1, run: Date.now().toString(36) })
  private timer: Timer | undefined
  private startedAtMs = 0

  constructor(
    private readonly urls: { command: string; query: string },
    private readonly perSecond: number,
  ) {}

  start(): void {
    this.startedAtMs = performance.now()
    this.timer = setInterval(() => this.catchUp(), TICK_MS)
  }

  /** Resolves when everything that was sent has been answered. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    await Promise.all(this.inFlight)
  }

  private catchUp(): void {
    const due = Math.floor(((performance.now() - this.startedAtMs) / 1_000) * this.perSecond)
    while (this.sent < due) {
      const writing = this.write(this.sent++).finally(() => this.inFlight.delete(writing))
      this.inFlight.add(writing)
    }
  }

  /** Every third write gives somebody another name, and would be refused if anybody else had done so meanwhile. */
  private async write(n: number): Promise<void> {
    const { command } = overHttp(this.urls.command, this.urls.query)
    const [known] = n % 3 === 2 ? this.users.splice((n * 7_919) % this.users.length, 1) : []
    const person = this.persons.next().value
    const [method, path, body] = known
      ? ['PUT', `/users/${known.id}`, { ...person, email: known.email }]
      : ['POST', '/users', person]
    try {
      const answer = await command(method as string, path as string, body, known?.version)
      if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
      const user = answer.body as User
      this.acknowledged++
      this.record.push(`acknowledged ${user.id} ${user.version}`)
      this.users.push(user)
    } catch (error) {
      this.failures.push(`${method} ${path}: ${(error as Error).message}`)
    }
  }
}

const TICK_MS = 10
