import type { MikroORM } from '@mikro-orm/postgresql'
import { appendLockKey } from '../outbox/log.ts'
import type { Aggregate } from './aggregate.ts'
import type { Command } from './command.ts'
import { classify, type DatabaseFailure } from './database-errors.ts'
import { claimKeys } from './idempotency/claim.ts'
import { answersToKeep } from './idempotency/settle.ts'
import { awaitKeyStatement, keepStatements, keyOfBatchStatement } from './idempotency/statements.ts'
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
export type Witness =
  | {
      readonly kind: 'event'
      readonly eventId: string
      /** Every row of the batch has a higher `seq`. */
      readonly afterSeq: string
    }
  /** A batch that appended nothing, but kept answers. */
  | { readonly kind: 'answer'; readonly keyId: string; readonly batch: string }

/** The commit loop's port to the database. One batch at a time; never retries by itself. */
export interface CommitStore {
  /** Reads, decides, writes and commits one batch in one transaction. Never rejects. */
  run(commands: readonly Command[]): Promise<BatchResult>
  /**
   * Waits until the transaction in doubt has ended (it holds the append lock, or its key's, until then), then looks.
   * @throws when the database cannot be asked, or the lock is not to be had in time: try again
   */
  wasCommitted(witness: Witness): Promise<boolean>
  /** One round trip. @throws when PostgreSQL does not answer */
  ping(): Promise<void>
}

export interface CommitStoreOptions {
  readonly orm: MikroORM
  readonly aggregates: readonly Aggregate[]
  /** How long answers are kept for repeats with the same idempotency key. */
  readonly keepAnswersS: number
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
      let witness: Witness | undefined
      try {
        // On the global entity manager: one fork, and nothing to merge back.
        await orm.em.transactional(async (em) => {
          const execute = executeOn(em)
          const { settled, expired } = await claimKeys(commands, execute)
          const decided = await decide(commands, settled, execute)
          ;({ plan } = decided)
          const answers = answersToKeep(commands, plan.outcomes)
          const batch = answers.length > 0 ? newId() : ''
          const statements = [
            ...keepStatements(answers, { expired, batch, keepS: options.keepAnswersS }),
            ...writesInOrder(plan),
          ]
          // Several statements in one string are one round trip; the append is the last of them.
          if (statements.length > 0) await execute(joined(statements))
          const [event, answer] = [plan.events[0], answers[0]]
          if (event) witness = { kind: 'event', eventId: event.id, afterSeq: decided.head }
          else if (answer) witness = { kind: 'answer', keyId: answer.id, batch }
          commitSent = true
        })
        return { kind: 'committed', outcomes: plan!.outcomes, events: plan!.events.length }
      } catch (error) {
        const failure = classify(error)
        // An SQLSTATE in answer to COMMIT is an answer: it was refused. All else leaves the outcome open.
        const answered = failure.kind !== 'connection' && failure.sqlState !== undefined
        if (!commitSent || !witness || !plan || answered) return { kind: 'failed', failure, error }
        return { kind: 'unknown', outcomes: plan.outcomes, events: plan.events.length, witness, error }
      }
    },

    async wasCommitted(witness) {
      const [wait, look] = lookFor(witness)
      return orm.em.transactional(async (em) => {
        const execute = executeOn(em)
        await execute(wait)
        // A statement of its own: its snapshot is taken after the lock was got.
        return (await execute(look)).length > 0
      })
    },

    async ping() {
      await orm.em.execute('SELECT 1')
    },
  }

  /** Two reads, then the same pure plan twice: once to learn which unique values to look up, once to decide. */
  async function decide(
    commands: readonly Command[],
    settled: ReadonlyMap<Command, PlannedOutcome>,
    execute: Execute,
  ): Promise<{ plan: Plan; head: string }> {
    const open = settled.size > 0 ? commands.filter((command) => !settled.has(command)) : commands
    const loaded = await lockRows(open, execute)
    const input = { commands, aggregates, settled, loaded, now: now(), newId }
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

type Execute = <Row>(statement: Statement) => Promise<Row[]>

const executeOn =
  (em: MikroORM['em']): Execute =>
  ({ sql, parameters }) =>
    em.execute(sql, [...parameters])

/** What to wait for, and where to look then. */
function lookFor(witness: Witness): [wait: Statement, look: Statement] {
  switch (witness.kind) {
    case 'event':
      return [
        { sql: `SELECT pg_advisory_xact_lock(${appendLockKey})`, parameters: [] },
        {
          sql: 'SELECT 1 FROM outbox WHERE seq > ? AND id = ? LIMIT 1',
          parameters: [witness.afterSeq, witness.eventId],
        },
      ]
    case 'answer':
      return [awaitKeyStatement(witness.keyId), keyOfBatchStatement(witness.keyId, witness.batch)]
    default:
      return witness satisfies never
  }
}

const joined = (statements: readonly Statement[]): Statement => ({
  sql: statements.map(({ sql }) => sql).join(';\n'),
  parameters: statements.flatMap(({ parameters }) => parameters),
})
