import type { InvariantName } from '../../../ops/faults/history.ts'
import type { Topology } from '../../../ops/faults/world/world.ts'

/** A build that lacks one of the mechanisms that keep the promises, and the fault that shows it. */
export interface BrokenBuild {
  readonly breakage: string
  readonly fault: string
  /** Begins the variant's name. */
  readonly variant: string
  readonly topology: Partial<Topology>
  /** Broken at least. */
  readonly violates: readonly InvariantName[]
}

const entry = (name: string) => `${import.meta.dir}/${name}.entry.ts`

/** None of this is in the bundle: the entries are the tests', and the lock goes by SQL. */
export const brokenBuilds: readonly BrokenBuild[] = [
  {
    breakage: 'confirms off',
    fault: 'F9',
    variant: 'swallowed',
    topology: { entries: { relay: entry('relay-without-confirms') } },
    // Nothing is lost in the end: the read side finds out that events are missing, and has them replayed.
    violates: ['I2'],
  },
  {
    breakage: 'the cursor is moved before the confirms',
    fault: 'F1',
    variant: 'before publish',
    topology: { entries: { relay: entry('relay-cursor-first') } },
    // Both sides may agree all the same, where a later event of the same user followed the one that was passed over.
    violates: ['I1', 'I2'],
  },
  {
    breakage: 'the version gate is removed',
    fault: 'F15',
    variant: 'while the load goes on',
    topology: {
      entries: { query: entry('query-without-gate') },
      // A batch folds what it holds by version, gate or not: where little comes and much is taken at once, nobody would see.
      settings: { PROJECTOR_BATCH_MAX: '10', PROJECTOR_PREFETCH: '10' },
    },
    violates: ['I1', 'I6'],
  },
  {
    breakage: 'the append lock is dropped',
    fault: 'F14',
    variant: 'beside the command service',
    topology: {
      // The more looks at the log, the more of them fall between two commits.
      settings: { RELAY_POLL_INTERVAL_MS: '10' },
      sql: `DO $$ DECLARE log regclass; BEGIN
        FOR log IN SELECT 'outbox'::regclass UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = 'outbox'::regclass
        LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER outbox_append_lock', log); END LOOP; END $$`,
    },
    violates: ['I1', 'I2', 'I6'],
  },
]
