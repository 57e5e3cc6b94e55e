import { encodeEnvelope, type OutboxRecord } from '../../../shared/events/envelope.ts'
import { eventRoutingKey } from '../../../shared/messaging/names.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'

/** What ships. */
export const PARTITIONS = 8
export const TYPE = 'users.user.created.v2'
const CHANGE_TYPE = 'users.user.updated.v2'
const TIME = '2026-01-02T03:04:05.678Z'

/** Of the n-th user; wrk.lua and the SQL make the same. */
export const documentId = (n: number) => `018f0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

const state = (n: number) => ({
  id: documentId(n),
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: `u-${n}@bench.example`,
  created_at: TIME,
  updated_at: TIME,
})
const changed = ['first_name', 'last_name', 'email']

/** The n-th event of a backlog, a creation or the change after it: nothing can be folded into one write. */
export function messageOf(
  n: number,
  version = 1,
): { id: string; type: string; routingKey: string; body: string } {
  const type = version === 1 ? TYPE : CHANGE_TYPE
  const row: OutboxRecord = {
    seq: n + 1,
    id: documentId(n).replace('018f', version === 1 ? '018e' : '018d'),
    aggregatetype: 'users',
    aggregateid: documentId(n),
    type,
    version,
    payload: JSON.stringify({ ...state(n), changed }),
    headers: '{}',
    occurred_at: TIME,
  }
  const routingKey = eventRoutingKey(type, partitionOf(row.aggregateid, PARTITIONS), PARTITIONS)
  return { id: row.id, type, routingKey, body: encodeEnvelope(row) }
}

/** As the projector stores it; the keys are folded names and addresses. */
export function documentOf(n: number, version = 1): { _id: string; version: number; email: string } {
  const { id: _id, ...fields } = state(n)
  return {
    _id,
    version,
    ...fields,
    first_name_key: 'ada',
    last_name_key: 'lovelace',
    email_key: fields.email,
  } as never
}

/** A statement that appends the events `from` up to `to` in one transaction, as a command's batch does. */
export const appendSql = (from: number, to: number, table = 'outbox') => `
INSERT INTO ${table} (id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
SELECT ('018e0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'users', '018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'),
  '${TYPE}', 1, jsonb_build_object('id', '018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'), 'first_name', 'Ada',
    'last_name', 'Lovelace', 'email', 'u-' || n || '@bench.example', 'created_at', '${TIME}', 'updated_at', '${TIME}',
    'changed', '${JSON.stringify(changed)}'::jsonb), '{}', clock_timestamp()
FROM generate_series(${from}, ${to - 1}) n`
