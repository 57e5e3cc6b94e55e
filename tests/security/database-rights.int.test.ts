import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { commandSettings } from '../../command/settings.ts'
import { querySettings } from '../../query/settings.ts'
import { migratedDatabase, type MigratedDatabase } from '../support/command-side.ts'

let database: MigratedDatabase
let roles: Record<'command' | 'relay', SQL>
beforeAll(async () => {
  database = await migratedDatabase()
  roles = {
    command: new SQL(database.commandUrl, { max: 1 }),
    relay: new SQL(database.relayUrl, { max: 1 }),
  }
})
afterAll(async () => {
  await Promise.all(Object.values(roles).map((sql) => sql.close()))
  await database.close()
})

type Verb = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'REFERENCES' | 'TRIGGER' | 'MAINTAIN'
const verbs: Verb[] = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'TRUNCATE',
  'REFERENCES',
  'TRIGGER',
  'MAINTAIN',
]
const writes = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

/** Everything else is nothing: an aggregate's own tables are the two lines that a table of no other name gets. */
const allowed: Record<'command' | 'relay', (table: string) => readonly string[]> = {
  command: (table) => {
    if (table === 'outbox') return ['SELECT', 'INSERT']
    if (table === 'idempotency_keys') return ['SELECT', 'INSERT', 'DELETE']
    if (table === 'schema_migrations') return ['SELECT']
    return table.startsWith('outbox') ? [] : writes
  },
  relay: (table) => {
    const own: Record<string, string[]> = {
      outbox_cursor: ['SELECT', 'UPDATE'],
      outbox_parked: ['SELECT', 'INSERT', 'DELETE'],
      outbox_parked_aggregates: writes,
      outbox_replays: ['SELECT', 'INSERT', 'UPDATE'],
      idempotency_keys: [],
    }
    // A segment is read through the outbox, and by nobody directly.
    return own[table] ?? (/^outbox_s\d/.test(table) ? [] : ['SELECT'])
  },
}

for (const role of ['command', 'relay'] as const)
  test(`S12 the ${role} role has on every table the rights that it needs, and no more`, async () => {
    const tables: { name: string }[] = await database.sql`
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY 1`
    expect(tables.length).toBeGreaterThan(8)
    const { username } = new URL(role === 'command' ? database.commandUrl : database.relayUrl)
    const found: Record<string, string[]> = {}
    for (const { name } of tables) {
      const [row] = await database.sql.unsafe(
        `SELECT ${verbs.map((verb) => `has_table_privilege($1, $2::text, '${verb}') AS "${verb}"`).join(', ')}`,
        [username, name],
      )
      found[name] = verbs.filter((verb) => row[verb])
    }
    expect(found).toEqual(Object.fromEntries(tables.map(({ name }) => [name, [...allowed[role](name)]])))
  })

describe('S12 tried', () => {
  const row = `(gen_random_uuid(), 'users', 'x', 'users.user.created.v1', 1, '{}')`
  const insert = `INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload) VALUES ${row}`
  const refused: [role: 'command' | 'relay', what: string, statement: string][] = [
    ['command', 'change an event', `UPDATE outbox SET payload = '{}'`],
    ['command', 'delete an event', `DELETE FROM outbox`],
    ['command', 'empty the log', `TRUNCATE outbox`],
    [
      'command',
      'choose its place in the log',
      insert.replace('(id,', '(seq, id,').replace('VALUES (', 'VALUES (7, '),
    ],
    ['command', 'move the cursor', `UPDATE outbox_cursor SET seq = 0`],
    ['command', 'drop the log', `DROP TABLE outbox`],
    ['command', 'switch its lock off', `ALTER TABLE outbox DISABLE TRIGGER outbox_append_lock`],
    ['command', 'change a kept answer', `UPDATE idempotency_keys SET answer = '{}'`],
    ['command', 'make a table', `CREATE TABLE public.mine (id int)`],
    ['command', 'make a role', `CREATE ROLE mine`],
    ['command', 'become the owner', `SET ROLE owner`],
    ['command', 'read a file', `COPY users FROM '/etc/passwd'`],
    ['relay', 'append', insert],
    ['relay', 'change an event', `UPDATE outbox SET payload = '{}'`],
    ['relay', 'delete an event', `DELETE FROM outbox`],
    ['relay', 'write state', `DELETE FROM users`],
    ['relay', 'read kept answers', `SELECT * FROM idempotency_keys`],
    ['relay', 'make a reader of its own', `INSERT INTO outbox_cursor (name) VALUES ('mine')`],
    ['relay', 'change what is parked', `UPDATE outbox_parked SET payload = '{}'`],
    ['relay', 'forget a replay', `DELETE FROM outbox_replays`],
    ['relay', 'make a table', `CREATE TABLE public.mine (id int)`],
  ]
  for (const [role, what, statement] of refused)
    test(`the ${role} role may not ${what}`, async () => {
      const error = await roles[role].unsafe(statement).catch((error: unknown) => error)
      // insufficient_privilege; or, for a generated column, that it is generated always.
      expect((error as { errno?: string }).errno).toMatch(/^(42501|428C9)$/)
    })
  test('the roles are no superusers, make neither roles nor databases, and pass no row security', async () => {
    const found = await database.sql`
      SELECT rolname FROM pg_roles WHERE rolname IN ('command', 'relay')
      AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)`
    expect([...found]).toEqual([])
  })
})

test('S14 the query service knows no PostgreSQL, and the command service neither broker nor store', () => {
  expect(Object.keys(querySettings).filter((name) => name.startsWith('POSTGRES'))).toEqual([])
  expect(Object.keys(commandSettings).filter((name) => /^(RABBITMQ|MONGO)/.test(name))).toEqual([])
})
