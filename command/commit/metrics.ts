import {
  counter,
  gauge,
  histogram,
  latencyBuckets,
  sizeBuckets,
  type Metrics,
} from '../../shared/process/metrics.ts'
import type { Command, CommandResult } from './command.ts'

/** What the commit loop counts. */
export function commitMetrics(metrics: Metrics) {
  const commands = counter(metrics, 'commands_total', 'Commands by what became of them.', [
    'aggregate',
    'command',
    'outcome',
  ])
  const appended = counter(metrics, 'command_events_appended_total', 'Events appended to the outbox.')
  const batchSize = histogram(metrics, 'commit_batch_size', 'Commands per transaction.', sizeBuckets)
  const seconds = histogram(metrics, 'commit_seconds', 'Duration of a committed transaction.', latencyBuckets)
  return {
    queueSize: gauge(metrics, 'commit_queue_size', 'Commands waiting for a transaction.'),
    retries: counter(metrics, 'commit_retries_total', 'Batches that failed and were run again whole.', [
      'reason',
    ]),
    splits: counter(
      metrics,
      'commit_splits_total',
      'Batches split to find the command the database refused.',
    ),
    unknown: counter(metrics, 'commit_unknown_total', 'Commits without an answer, by what a look found.', [
      'found',
    ]),
    requeued: counter(metrics, 'commit_requeued_total', 'Commands sent to a later batch.', ['reason']),
    outcome: (command: Command, outcome: CommandResult['kind'] | 'failed' | 'key-in-use') =>
      commands.inc({ aggregate: command.aggregate, command: command.name, outcome }),
    batch: (size: number, events: number, durationS: number) => {
      batchSize.observe(size)
      seconds.observe(durationS)
      appended.inc(events)
    },
  }
}
export type CommitMetrics = ReturnType<typeof commitMetrics>
