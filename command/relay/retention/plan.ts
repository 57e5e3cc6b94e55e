import type { SQL } from 'bun'

/** A segment of the log: rows from `fromSeq` (inclusive) to `toSeq` (exclusive). */
export interface Segment {
  readonly name: string
  readonly fromSeq: number
  readonly toSeq: number
}

export interface RetentionPlan {
  /** From the oldest on. */
  readonly droppable: readonly Segment[]
  /** Why the oldest that stays is needed. */
  readonly kept: string
}

/**
 * What may be dropped: from the oldest segment on, as far as every registered reader of the log (the relay, replays)
 * is beyond it and its newest event is older than the retention. A gap would hide that events are missing, so the
 * first segment that is needed ends it.
 * @param sql with the owner's rights
 * @param options `retentionMs` 0: nothing is ever dropped
 */
export async function planRetention(
  sql: Pick<SQL, 'unsafe'>,
  { retentionMs }: { retentionMs: number },
): Promise<RetentionPlan> {
  if (retentionMs === 0) return { droppable: [], kept: 'events are kept for ever' }
  const found = await sql.unsafe<Candidate[]>(candidatesSql, [retentionMs])
  const droppable: Segment[] = []
  for (const { name, fromSeq, toSeq, reader, readerSeq, isYoung } of found) {
    if (readerSeq < toSeq - 1)
      return { droppable, kept: `${name} is not read yet by ${reader}, which stands at seq ${readerSeq}` }
    if (isYoung) return { droppable, kept: `${name} has events that are younger than the retention` }
    droppable.push({ name, fromSeq, toSeq })
  }
  return { droppable, kept: 'the rest is not in use yet' }
}

interface Candidate extends Segment {
  readonly reader: string
  readonly readerSeq: number
  readonly isYoung: boolean
}

/** $1 retention. By the database's clock, as `occurred_at` is. */
const candidatesSql = `
SELECT s.name, s.from_seq::float8 AS "fromSeq", s.to_seq::float8 AS "toSeq",
       r.name AS reader, r.seq::float8 AS "readerSeq",
       coalesce(newest.occurred_at > clock_timestamp() - $1::float8 * interval '1 millisecond', false) AS "isYoung"
FROM (SELECT name, seq FROM outbox_cursor ORDER BY seq LIMIT 1) r, outbox_seq_seq, outbox_segments s
LEFT JOIN LATERAL (
  SELECT occurred_at FROM outbox WHERE seq >= s.from_seq AND seq < s.to_seq ORDER BY seq DESC LIMIT 1
) newest ON true
WHERE s.from_seq <= last_value
ORDER BY s.from_seq`
