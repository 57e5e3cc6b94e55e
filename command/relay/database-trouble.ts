import { TimeoutError } from '../../shared/process/backoff.ts'
import { isConnectionError, sqlState } from '../commit/database-errors.ts'
import { SchemaMissingError } from './log-store.ts'

/** A database error in words for health: no host, no statement, no value. All of it is waited for. */
export function describeTrouble(error: unknown): string {
  if (error instanceof SchemaMissingError) return 'the schema is not there yet: waiting for the migrations'
  if (error instanceof TimeoutError) return 'PostgreSQL does not answer'
  const state = sqlState(error)
  if (state === '3D000') return 'the database does not exist yet'
  if (state?.startsWith('28'))
    return 'PostgreSQL does not let the relay in: a wrong password, or its role is not there yet'
  if (state === '42501') return "the relay's role lacks a right: run the migrations"
  if (isConnectionError(error)) return 'PostgreSQL is not reachable'
  return `PostgreSQL refuses a statement of the relay (${state ?? 'no code'})`
}
