import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Aggregate } from './aggregate.ts'
import { CommandFailure, type Command, type CommandResult, type Commands } from './command.ts'
import type { DatabaseFailure } from './database-errors.ts'
import { createDatabaseWatch } from './database-watch.ts'
import { keysConstraint } from './idempotency/statements.ts'
import type { CommitMetrics } from './metrics.ts'
import type { PlannedOutcome } from './plan.ts'
import { CommandQueue, type Pending } from './queue.ts'
import type { CommitStore, Witness } from './store.ts'

export interface CommitLoopOptions {
  readonly store: CommitStore
  readonly aggregates: readonly Aggregate[]
  readonly log: Logger
  readonly metrics: CommitMetrics
  /** Rung after a commit that appended events; must not throw. */
  readonly ring: () => void
  /** Cuts a transaction that hangs, so that its statement fails. */
  readonly sever: () => void
  readonly batchMax: number
  readonly queueMax: number
  readonly timeoutMs: number
  readonly databaseAwayMaxMs: number
}

export interface CommitLoop extends Commands, Runnable {
  /** Room in the queue, and the database not away for too long. */
  readonly accepts: boolean
  readonly waiting: number
}

/**
 * Group commit: all commands that arrived while the previous transaction was committing go into the next one. No
 * timer and no waiting: with one client it is a transaction per request; under load the batch grows by itself.
 */
export function createCommitLoop(options: CommitLoopOptions): CommitLoop {
  const { store, log, metrics, timeoutMs } = options
  const queue = new CommandQueue({ max: options.queueMax, timeoutMs })
  const uniqueOfConstraint = constraintNames(options.aggregates)
  const lifetime = new AbortController()
  let running: Promise<void> | undefined
  let failedProgress = 0

  const away = () => new CommandFailure('database-away', 'PostgreSQL does not answer')
  // Meanwhile the queue fills up to its bound; past the limit it is emptied and everybody told at once.
  const database = createDatabaseWatch({
    ping: store.ping,
    sever: options.sever,
    awayMaxMs: options.databaseAwayMaxMs,
    onAway: () => queue.refuseAll(away()),
    log,
  })

  return {
    name: 'commit loop',
    get accepts() {
      return !lifetime.signal.aborted && !queue.isFull && !database.isAway
    },
    get waiting() {
      return queue.size
    },
    async execute(command: Command): Promise<CommandResult> {
      try {
        if (lifetime.signal.aborted) throw new CommandFailure('stopping', 'the service is stopping')
        if (database.isAway) throw away()
        return await queue.add(command)
      } catch (error) {
        metrics.failure(command, error instanceof CommandFailure ? error.code : 'internal')
        throw error
      }
    },
    start() {
      running ??= run()
    },
    async stop() {
      lifetime.abort()
      queue.nudge()
      await running
      await database.stop()
    },
  }

  async function run(): Promise<void> {
    let give = nothing
    while (!lifetime.signal.aborted || queue.size > 0) {
      if (!queue.isReady) {
        await give()
        give = nothing
        await queue.ready()
      }
      // Requests that have arrived already join this batch.
      await nextTurn()
      const batch = queue.take(options.batchMax)
      // Its first statement is under way before the batch before it is answered: to answer takes as long as to commit,
      // and the database would wait for it.
      const committing = commit(batch, 0)
      await nextTurn()
      await give()
      give = await committing
    }
    await give()
  }

  /**
   * Requeues or answers every command of the batch, but for those that it leaves to what it returns; never rejects.
   * `retries` counts whole runs that failed.
   */
  async function commit(batch: readonly Pending[], retries: number): Promise<Give> {
    if (batch.length === 0) return nothing
    const startedAtMs = performance.now()
    const watchdog = setTimeout(options.sever, timeoutMs)
    const result = await store.run(batch.map(({ command }) => command))
    clearTimeout(watchdog)
    switch (result.kind) {
      case 'committed':
        metrics.batch(batch.length, result.events, (performance.now() - startedAtMs) / 1000)
        return answer(batch, result.outcomes, result.events)
      case 'unknown':
        log.warn('the outcome of a commit is unknown: looking', {
          commands: batch.length,
          error: result.error,
        })
        return settleUnknown(batch, result.outcomes, result.events, result.witness, retries)
      case 'failed':
        return recover(batch, result.failure, result.error, retries)
      default:
        return result satisfies never
    }
  }

  async function recover(
    batch: readonly Pending[],
    failure: DatabaseFailure,
    error: unknown,
    retries: number,
  ): Promise<Give> {
    switch (failure.kind) {
      case 'retryable':
        metrics.retries.inc({ reason: failure.sqlState })
        if (retries === 0) return commit(batch, 1)
        return refuse(batch, new CommandFailure('timeout', 'the database was too busy', { cause: error }))
      case 'connection': {
        metrics.retries.inc({ reason: 'connection' })
        const cameBack = await database.waitForReturn(error)
        // Nothing was committed: COMMIT had not been sent. Once more, then the caller decides.
        if (cameBack && retries === 0) return commit(batch, 1)
        return refuse(batch, away())
      }
      case 'guilty':
        if (batch.length === 1) return answerGuilty(batch[0]!, failure)
        metrics.splits.inc()
        await (
          await commit(batch.slice(0, batch.length >> 1), 0)
        )()
        return commit(batch.slice(batch.length >> 1), 0)
      case 'other':
        log.error('a batch failed', { commands: batch.length, error })
        return refuse(
          batch,
          new CommandFailure('internal', 'the database refused the transaction', { cause: error }),
        )
      default:
        return failure satisfies never
    }
  }

  function answerGuilty(pending: Pending, failure: DatabaseFailure & { kind: 'guilty' }): Give {
    const field = uniqueOfConstraint.get(failure.constraint ?? '')
    if (pending.command.idempotency && (field || failure.constraint === keysConstraint)) {
      // Rolled back, and its answer with it. What it met is committed by now, so a later batch decides the same, and
      // keeps the answer.
      metrics.requeued.inc({ reason: 'refused' })
      queue.block([pending], backoffMs(0, requeueBackoff, Math.random()))
      return nothing
    }
    if (!field)
      log.warn('the database refused a value', {
        sql_state: failure.sqlState,
        constraint: failure.constraint,
      })
    const rejection = field
      ? ({ kind: 'rejection', reason: 'duplicate', field } as const)
      : ({ kind: 'rejection', reason: 'invalid', detail: 'the database refused a value' } as const)
    metrics.outcome(pending.command, 'rejected')
    pending.resolve({ kind: 'rejected', rejection })
    return nothing
  }

  async function settleUnknown(
    batch: readonly Pending[],
    outcomes: readonly PlannedOutcome[],
    events: number,
    witness: Witness,
    retries: number,
  ): Promise<Give> {
    const committed = await lookFor(witness)
    metrics.unknown.inc({ found: committed === undefined ? 'no answer' : committed ? 'committed' : 'absent' })
    if (committed) return answer(batch, outcomes, events)
    if (committed === false && retries === 0) return commit(batch, 1)
    return refuse(batch, new CommandFailure('unknown', 'it is not known whether the command was carried out'))
  }

  /** @returns undefined when the database gave no answer within the deadline */
  async function lookFor(witness: Witness): Promise<boolean | undefined> {
    const untilMs = performance.now() + timeoutMs
    for (let attempt = 0; performance.now() < untilMs; attempt++) {
      const watchdog = setTimeout(options.sever, Math.max(1, untilMs - performance.now()))
      try {
        return await store.wasCommitted(witness)
      } catch (error) {
        log.debug('could not look yet', { error })
      } finally {
        clearTimeout(watchdog)
      }
      await delay(backoffMs(attempt, { baseMs: 20, maxMs: 500 }, Math.random()))
    }
    return undefined
  }

  function answer(batch: readonly Pending[], outcomes: readonly PlannedOutcome[], events: number): Give {
    if (events > 0) options.ring()
    const answers: (() => void)[] = []
    const locked: Pending[] = []
    const keyed: Pending[] = []
    const next: Pending[] = []
    for (const [index, pending] of batch.entries()) {
      const outcome = outcomes[index]!
      switch (outcome.kind) {
        case 'requeue':
          ;({ locked, 'key-in-use': keyed, freed: next, 'key-later': next })[outcome.reason].push(pending)
          metrics.requeued.inc({ reason: outcome.reason })
          break
        case 'defect':
          log.error('a decision does not fit its schema', {
            command: nameOf(pending.command),
            error: outcome.error,
          })
          pending.reject(new CommandFailure('internal', 'the command is broken', { cause: outcome.error }))
          break
        default:
          metrics.outcome(pending.command, outcome.kind)
          answers.push(() => pending.resolve(outcome))
      }
    }
    failedProgress = locked.length + keyed.length === batch.length ? failedProgress + 1 : 0
    queue.putBack(next)
    const delayMs = backoffMs(failedProgress, requeueBackoff, Math.random())
    queue.block(locked, delayMs)
    queue.block(keyed, delayMs, 'key-in-use')
    logBatch(batch, events)
    return () => inSlices(answers)
  }

  function logBatch(batch: readonly Pending[], events: number): void {
    log.debug('committed', {
      commands: batch.length,
      events,
      request_ids: batch.map(({ command }) => command.headers.requestid),
    })
  }

  function refuse(batch: readonly Pending[], failure: CommandFailure): Give {
    for (const pending of batch) pending.reject(failure)
    return nothing
  }
}

/** Gives the answers that a committed batch owes. */
type Give = () => Promise<void>
const nothing: Give = async () => {}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** In slices, between which the event loop hears what the database says of the batch that is under way. */
async function inSlices(answers: readonly (() => void)[]): Promise<void> {
  for (let from = 0; from < answers.length; from += sliceMax) {
    if (from > 0) await nextTurn()
    for (const give of answers.slice(from, from + sliceMax)) give()
  }
}
const sliceMax = 32

const requeueBackoff = { baseMs: 5, maxMs: 100 }

const nameOf = (command: Command) => `${command.aggregate}.${command.name}`

/** `users_email_key_unique` → `email`, by the convention that {@link Aggregate.unique} states. */
function constraintNames(aggregates: readonly Aggregate[]): Map<string, string> {
  return new Map(
    aggregates.flatMap((aggregate) =>
      Object.entries(aggregate.unique).map(
        ([name, { column }]) => [`${aggregate.entity.meta.tableName}_${column}_unique`, name] as const,
      ),
    ),
  )
}
