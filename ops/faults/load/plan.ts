import { markedName } from '../check/match.ts'
import type { Write } from '../history.ts'
import type { Random } from '../random.ts'

/** What the next write is to be; `contenders` writes of one e-mail begin at once. */
export interface Plan {
  readonly kind: Write['kind']
  readonly contenders: number
}

/** Some users are written again and again, so that each has a history that can be got out of order. */
const HOT_USERS = 8

/** Chooses who is written next. Knows what the client knows: users whose creation was acknowledged. */
export class Population {
  private readonly users: User[] = []
  private readonly hot: User[] = []

  constructor(
    private readonly random: Random,
    /** Part of every e-mail. */
    private readonly run: string,
  ) {}

  add(user: User): void {
    if (this.hot.length < HOT_USERS) this.hot.push(user)
    else this.users.push(user)
  }

  next(): Plan {
    const dice = this.random.next()
    if (dice < 0.03) return { kind: 'create', contenders: 2 + this.random.below(3) }
    if (dice < 0.5 || this.hot.length === 0) return { kind: 'create', contenders: 1 }
    if (dice < 0.92 || this.users.length < 10) return { kind: 'replace', contenders: 1 }
    return { kind: 'remove', contenders: 1 }
  }

  /** To be changed: mostly one of the few that change all the time. */
  some(): User {
    const all = this.users.length > 0 && this.random.next() < 0.3 ? this.users : this.hot
    return this.random.of(all)
  }

  /** To be removed: never chosen again, so that each is removed once. */
  leaver(): User {
    const index = this.random.below(this.users.length)
    const [user] = this.users.splice(index, 1)
    return user!
  }

  body(n: number, email: string) {
    return { first_name: markedName(n), last_name: `O’Fault ${this.random.below(1_000)}`, email }
  }

  email(n: number): string {
    return `W${n}.${this.run}@Faults.example.com`
  }
}

export interface User {
  readonly id: string
  readonly email: string
}
