import type { KeptAnswer } from '../command.ts'
import { jsonLiteral, type Statement } from '../statements.ts'
import type { AnswerToKeep, KeyState } from './settle.ts'

/** Its unique violation means that somebody wrote a key without claiming it. */
export const keysConstraint = 'idempotency_keys_pkey'

/** Takes the keys for this transaction, those that are to be had, and tells what is known of each. Never waits. */
export const claimStatement = (ids: readonly string[]): Statement => ({
  sql: 'SELECT id, state, payload, answer FROM idempotency_claim(?::uuid[])',
  parameters: [`{${ids.join(',')}}`],
})

export interface ClaimRow {
  readonly id: string
  readonly state: 'in-use' | 'answered' | 'expired'
  readonly payload: string | null
  readonly answer: string | null
}

export const keyStateOf = ({ state, payload, answer }: ClaimRow): KeyState =>
  state === 'answered'
    ? { kind: state, payload: String(payload), answer: JSON.parse(String(answer)) as KeptAnswer }
    : { kind: state }

/** Writes the answers, in the place of those that expired. */
export function keepStatements(
  answers: readonly AnswerToKeep[],
  options: { readonly expired: readonly string[]; readonly batch: string; readonly keepS: number },
): Statement[] {
  const statements: Statement[] = []
  if (options.expired.length > 0)
    statements.push({
      sql: 'DELETE FROM idempotency_keys WHERE id IN (?)',
      parameters: [options.expired.toSorted()],
    })
  if (answers.length > 0)
    statements.push({
      sql: `INSERT INTO idempotency_keys (id, payload, answer, batch, expires_at)
SELECT id, payload, answer, ?::uuid, clock_timestamp() + make_interval(secs => ?)
FROM json_to_recordset(?) AS r(id uuid, payload uuid, answer json)`,
      parameters: [options.batch, options.keepS, jsonLiteral(JSON.stringify(answers))],
    })
  return statements
}

/** Waits until the transaction that claimed the key has ended, whichever way. */
export const awaitKeyStatement = (id: string): Statement => ({
  sql: 'SELECT pg_advisory_xact_lock(uuid_hash_extended(?::uuid, 0))',
  parameters: [id],
})

/** @param batch a row that another transaction wrote meanwhile proves nothing about this one */
export const keyOfBatchStatement = (id: string, batch: string): Statement => ({
  sql: 'SELECT 1 FROM idempotency_keys WHERE id = ? AND batch = ?',
  parameters: [id, batch],
})
