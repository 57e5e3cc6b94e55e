import type { SQL } from 'bun'
import type { TestGroup } from './group.ts'

/** Every user as an event would carry it, by id. */
export async function stateOfUsers(sql: SQL): Promise<Map<string, { version: number; data: unknown }>> {
  const rows =
    await sql`SELECT id::text AS id, first_name, last_name, email, version, created_at, updated_at FROM users`
  return new Map(
    rows.map(({ version, created_at, updated_at, ...rest }: Record<string, any>) => [
      rest['id'],
      {
        version,
        data: { ...rest, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() },
      },
    ]),
  )
}

export const living = ({ documents }: TestGroup) =>
  new Map([...documents].filter(([, { data }]) => data !== undefined))

/** Rows of the state without events, as after a retention that dropped all of them. @returns their ids */
export async function insertUsers(sql: SQL, count: number): Promise<string[]> {
  const rows = await sql`
    INSERT INTO users (id, first_name, last_name, email, email_key, version, created_at, updated_at)
    SELECT id, 'First', 'Last', id || '@example.com', id || '@example.com', 3, now(), now()
    FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, ${count}::int)) ids
    RETURNING id::text AS id`
  return rows.map(({ id }: { id: string }) => id)
}

export async function replayRow(sql: SQL, id: string) {
  const [row] = await sql`
    SELECT phase, position, sent::float8 AS sent, head::float8 AS head, error, finished_at
    FROM outbox_replays WHERE id = ${id}`
  return row as ReplayRow | undefined
}

export interface ReplayRow {
  readonly phase: string
  readonly position: string | null
  readonly sent: number
  readonly head: number | null
  readonly error: string | null
}
