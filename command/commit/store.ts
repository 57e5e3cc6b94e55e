import type { MikroORM } from '@mikro-orm/postgresql'
import { appendLockKey } from '../outbox/log.ts'
import type { Aggregate } from './aggregate.ts'
import type { Command } from './command.ts'
import { classify, type DatabaseFailure } from './database-errors.ts'
import { planBatch, rowKey, type Loaded, type Plan, type PlannedOutcome } from './plan.ts'
import {
  appendStatement,
  claimOfOwner,
  claimsByAggregate,
  headStatement,
  oversize,
  tableStatements,
  type Statement,
  type TableStatements,
} from './statements.ts'

export type BatchResult =
  | { readonly kind: 'committed'; readonly outcomes: readonly PlannedOutcome[]; readonly events: number }
  /** Rolled back, or never begun: nothing of it is stored. */
  | { readonly kind: 'failed'; readonly failure: DatabaseFailure; readonly error: unknown }
  /** COMMIT was sent and no answer came: all of it is stored, or nothing. {@link CommitStore.wasCommitted} tells. */
  | {
      readonly kind: 'unknown'
      readonly outcomes: readonly PlannedOutcome[]
      readonly events: number
      readonly witness: Witness
      readonly error: unknown
    }

/** What to look for, and where, to learn whether a batch was committed. */
export interface Witness {
  readonly eventId: string
  /** Every row of the batch has a higher `seq`. */
  readonly afterSeq: string
}

/** The commit loop's port to the database. One batch at a time; never retries by itself. */
export interface CommitStore {
  /** Reads, decides, writes and commits one batch in one transaction. Never rejects. */
  run(commands: readonly Command[]): Promise<BatchResult>
  /**
   * Waits until the transaction in doubt has ended (it holds the append lock until then), then looks.
   * @throws when the database cannot be asked, or the lock is not to be had in time: try again
   */
  wasCommitted(witness: Witness): Promise<boolean>
  /** One round trip. @throws when PostgreSQL does not answer */
  ping(): Promise<void>
}

export interface CommitStoreOptions {
  readonly orm: MikroORM
  readonly aggregates: readonly Aggregate[]
  readonly now?: () => string
  readonly newId?: () => string
}

export function createCommitStore(options: CommitStoreOptions): CommitStore {
  const { orm, now = () => new Date().toISOString(), newId = () => Bun.randomUUIDv7() } = options
  const aggregates = new Map(options.aggregates.map((aggregate) => [aggregate.name, aggregate]))
  const tables = new Map<string, TableStatements>(
    options.aggregates.map((aggregate) => [
      aggregate.name,
      tableStatements(aggregate, orm.getMetadata().get(aggregate.entity.meta.class)),
    ]),
  )

  return {
    async run(commands) {
      let commitSent = false
      let plan: Plan | undefined
      let head = '0'
      try {
        // On the global entity manager: one fork, and nothing to merge back.
        await orm.em.transactional(async (em) => {
          const execute: Execute = (statement) => em.execute(statement.sql, [...statement.parameters])
          ;({ plan, head } = await decide(commands, execute))
          const statements = writesInOrder(plan)
          // Several statements in one string are one round trip; the append is the last of them.
          if (statements.length > 0) await execute(joined(statements))
          commitSent = plan.events.length > 0
        })
        return { kind: 'committed', outcomes: plan!.outcomes, events: plan!.events.length }
      } catch (error) {
        const failure = classify(error)
        const first = plan?.events[0]
        // An SQLSTATE in answer to COMMIT is an answer: it was refused. All else leaves the outcome open.
        const answered = failure.kind !== 'connection' && failure.sqlState !== undefined
        if (!commitSent || !first || !plan || answered) return { kind: 'failed', failure, error }
        const witness = { eventId: first.id, afterSeq: head }
        return { kind: 'unknown', outcomes: plan.outcomes, events: plan.events.length, witness, error }
      }
    },

    async wasCommitted({ eventId, afterSeq }) {
      return orm.em.transactional(async (em) => {
        await em.execute(`SELECT pg_advisory_xact_lock(${appendLockKey})`)
        // A statement of its own: its snapshot is taken after the lock was got.
        const rows = await em.execute<unknown[]>('SELECT 1 FROM outbox WHERE seq > ? AND id = ? LIMIT 1', [
          afterSeq,
          eventId,
        ])
        return rows.length > 0
      })
    },

    async ping() {
      await orm.em.execute('SELECT 1')
    },
  }

  type Execute = <Row>(statement: Statement) => Promise<Row[]>

  /** Two reads, then the same pure plan twice: once to learn which unique values to look up, once to decide. */
  async function decide(
    commands: readonly Command[],
    execute: Execute,
  ): Promise<{ plan: Plan; head: string }> {
    const loaded = await lockRows(commands, execute)
    const input = { commands, aggregates, loaded, now: now(), newId }
    const { claims } = planBatch(input)
    const owners = new Map<string, string | null>()
    for (const claim of claims) owners.set(claim, null)
    const reads: Statement[] = [headStatement]
    for (const [name, values] of claimsByAggregate(claims)) reads.push(...tables.get(name)!.owners(values))
    const union = {
      sql: reads.map(({ sql }) => sql).join(' UNION ALL '),
      parameters: reads.flatMap((r) => r.parameters),
    }
    let head = '0'
    for (const row of await execute<{ claim: string; key: string; id: string }>(union)) {
      if (row.claim === 'head') head = row.key
      else owners.set(claimOfOwner(row), row.id)
    }
    return { plan: planBatch({ ...input, owners, accept: oversize }), head }
  }

  async function lockRows(commands: readonly Command[], execute: Execute): Promise<Map<string, Loaded>> {
    const loaded = new Map<string, Loaded>()
    // Tables in list order, ids sorted by the statement: the same order everywhere, so that locks cannot cross.
    for (const [name, table] of tables) {
      const ids = new Set<string>()
      for (const command of commands) if (command.aggregate === name && !command.isNew) ids.add(command.id)
      if (ids.size === 0) continue
      for (const { id, locked } of await execute<{ id: string; locked: string | null }>(table.lock([...ids])))
        loaded.set(rowKey(name, id), locked === null ? 'locked-elsewhere' : table.hydrate(locked))
    }
    return loaded
  }

  function writesInOrder(plan: Plan): Statement[] {
    const statements: Statement[] = []
    for (const [name, table] of tables) {
      const writes = plan.writes.get(name)
      if (writes) statements.push(...table.write(writes))
    }
    if (plan.events.length > 0) statements.push(appendStatement(plan.events))
    return statements
  }
}

const joined = (statements: readonly Statement[]): Statement => ({
  sql: statements.map(({ sql }) => sql).join(';\n'),
  parameters: statements.flatMap(({ parameters }) => parameters),
})
