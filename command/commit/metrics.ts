import {
  counter,
  fromZero,
  gauge,
  histogram,
  latencyBuckets,
  sizeBuckets,
  type Metrics,
} from '../../shared/process/metrics.ts'
import type { Command, CommandFailure, CommandResult } from './command.ts'

/** What the commit loop counts. */
export function commitMetrics(metrics: Metrics) {
  const commands = counter(
    metrics,
    'commands_total',
    'Commands by what became of them: stored, deleted, rejected (4xx), replayed (a repeated key), key-reused, key-in-use, or failed, which command_failures_total explains.',
    ['aggregate', 'command', 'outcome'],
  )
  const appended = counter(
    metrics,
    'command_events_appended_total',
    'Events appended to the outbox in transactions that committed.',
  )
  const batchSize = histogram(
    metrics,
    'commit_batch_size',
    'Commands in one committed transaction.',
    sizeBuckets,
  )
  const seconds = histogram(
    metrics,
    'commit_seconds',
    'Duration of a committed transaction, from its first statement to the answer to COMMIT.',
    latencyBuckets,
  )
  const failures = counter(
    metrics,
    'command_failures_total',
    'Commands that were not carried out, or nobody can tell (unknown), by the reason; all but internal may be tried again.',
    ['reason'],
  )
  fromZero(failures, 'reason', Object.keys(failureReasons))
  return {
    failure: (command: Command, reason: CommandFailure['code']) => {
      commands.inc({ aggregate: command.aggregate, command: command.name, outcome: 'failed' })
      failures.inc({ reason })
    },
    retries: counter(
      metrics,
      'commit_retries_total',
      'Batches that failed for no fault of a command, by SQLSTATE or connection; each is run again once.',
      ['reason'],
    ),
    splits: counter(
      metrics,
      'commit_splits_total',
      'Batches split to find the command the database refused.',
    ),
    unknown: counter(
      metrics,
      'commit_unknown_total',
      'Commits without an answer, by what a look into the log found: committed, absent, or no answer.',
      ['found'],
    ),
    requeued: counter(
      metrics,
      'commit_requeued_total',
      'Commands put off to a later batch, by what they met: a locked row, a value freed or a key used in the same batch, a key in use elsewhere, a refusal that a later batch decides.',
      ['reason'],
    ),
    outcome: (command: Command, outcome: CommandResult['kind'] | 'key-in-use') =>
      commands.inc({ aggregate: command.aggregate, command: command.name, outcome }),
    batch: (size: number, events: number, durationS: number) => {
      batchSize.observe(size)
      seconds.observe(durationS)
      appended.inc(events)
    },
  }
}
const failureReasons = {
  'queue-full': true,
  'database-away': true,
  timeout: true,
  locked: true,
  'key-in-use': true,
  unknown: true,
  stopping: true,
  internal: true,
} satisfies Record<CommandFailure['code'], true>

export type CommitMetrics = ReturnType<typeof commitMetrics>

/** What the loop is like at the scrape, however long ago its last batch was. */
export function loopMetrics(metrics: Metrics, loop: { readonly accepts: boolean; readonly waiting: number }) {
  gauge(metrics, 'commit_queue_size', 'Commands that wait for a transaction.', [], (made) =>
    made.set(loop.waiting),
  )
  gauge(
    metrics,
    'command_accepting',
    '1 while commands are taken; 0 while the queue is full, PostgreSQL has been away for too long, or the process stops.',
    [],
    (made) => made.set(loop.accepts ? 1 : 0),
  )
}
