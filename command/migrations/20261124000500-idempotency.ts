import { identifier } from '../sql.ts'
import type { Roles } from './roles.ts'

/**
 * Answers kept by `Idempotency-Key`, each inserted by the transaction of its own command and never changed.
 *
 * `id` is a hash of the key's whole scope, so that nothing a client wrote into a key is stored and every key has one
 * size. A key is guarded by an advisory lock that is tried and never waited for: with INSERT … ON CONFLICT a batch of
 * strangers would wait until another process ends its transaction on one key. One table and not one per day: a key is
 * unique across midnight too, and deleting by `expires_at` in small batches needs no DDL on a busy table.
 */
export const idempotencyMigration = ({ command }: Roles): string[] => [
  `
CREATE TABLE idempotency_keys (
  id uuid CONSTRAINT idempotency_keys_pkey PRIMARY KEY,
  payload uuid NOT NULL,
  answer json NOT NULL,
  batch uuid NOT NULL,
  expires_at timestamptz NOT NULL
)`,
  `COMMENT ON TABLE idempotency_keys IS 'Answers to requests with an Idempotency-Key, for repeats of them; they hold personal data until expires_at'`,
  `COMMENT ON COLUMN idempotency_keys.batch IS 'The transaction that wrote the row: tells whether a COMMIT without an answer took place'`,
  `CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at)`,
  // Two statements in one round trip, the second with a snapshot taken after the locks were got: in one statement the
  // look could miss what the lock's former holder committed. Keys that are neither in use nor known give no row.
  // A plan made while the table was small must not scan it once it is large.
  `
CREATE FUNCTION idempotency_claim(ids uuid[]) RETURNS TABLE (id uuid, state text, payload uuid, answer text)
LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
  got uuid[];
  busy uuid[];
BEGIN
  SELECT array_agg(tried.k) FILTER (WHERE tried.free), array_agg(tried.k) FILTER (WHERE NOT tried.free) INTO got, busy
  FROM (SELECT k, pg_try_advisory_xact_lock(uuid_hash_extended(k, 0)) AS free FROM unnest(ids) k) tried;
  RETURN QUERY SELECT k, 'in-use', NULL::uuid, NULL::text FROM unnest(busy) k;
  RETURN QUERY SELECT t.id, CASE WHEN t.expires_at > clock_timestamp() THEN 'answered' ELSE 'expired' END, t.payload, t.answer::text
  FROM idempotency_keys t WHERE t.id = ANY (got);
END $$`,
  `REVOKE EXECUTE ON FUNCTION idempotency_claim(uuid[]) FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION idempotency_claim(uuid[]) TO ${identifier(command.name)}`,
  `GRANT SELECT, INSERT, DELETE ON idempotency_keys TO ${identifier(command.name)}`,
]
