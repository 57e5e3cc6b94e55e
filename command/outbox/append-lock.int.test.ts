import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { migratedDatabase, type MigratedDatabase } from '../../tests/support/command-side.ts'
import { appendLockKey } from './log.ts'

let database: MigratedDatabase
beforeEach(async () => {
  database = await migratedDatabase()
})
afterEach(() => database.close())

const row = () => {
  const id = Bun.randomUUIDv7()
  return `('${id}', 'users', '${id}', 'users.user.created.v2', 1, '{}')`
}
const append = (rows = 1) =>
  `INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload) VALUES ${Array.from({ length: rows }, row)}`

describe('sequence order is commit order', () => {
  test('32 writers with random pauses before COMMIT: a plain cursor skips nothing', async () => {
    expect(await appendAndFollow()).toMatchObject({ appended: 32 * 12, skipped: 0 })
  }, 60_000)
  test('without the trigger the same cursor loses rows', async () => {
    await database.sql`ALTER TABLE outbox DISABLE TRIGGER outbox_append_lock`
    const { skipped } = await appendAndFollow()
    expect(skipped).toBeGreaterThan(0)
  }, 60_000)
})

/** Writers append and dawdle before they commit, while one reader follows with `seq > cursor`. */
async function appendAndFollow(): Promise<{ appended: number; skipped: number }> {
  const writers = new SQL(database.commandUrl, { max: 32 })
  let done = false
  const follow = (async () => {
    const seen = new Set<number>()
    let cursor = 0
    for (let last = false; ; last = done) {
      const rows =
        await database.sql`SELECT seq::int AS seq FROM outbox WHERE seq > ${cursor} ORDER BY seq LIMIT 1000`
      for (const { seq } of rows) seen.add((cursor = seq))
      if (last && rows.length === 0) return seen
    }
  })()
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let round = 0; round < 12; round++)
        await writers.begin(async (sql) => {
          // All 32 may stand in the line for the lock, and each commit takes as long as the disk does.
          await sql.unsafe("SET LOCAL lock_timeout = '30s'")
          await sql.unsafe(append())
          await sql.unsafe('SELECT pg_sleep(random() * 0.003)')
        })
    }),
  )
  done = true
  const seen = await follow
  await writers.close()
  const [{ appended }] = await database.sql`SELECT count(*)::int AS appended FROM outbox`
  return { appended, skipped: appended - seen.size }
}

describe('the side doors are shut', () => {
  const holdsLock = async (sql: SQL) => {
    const [{ held }] = await sql.unsafe(
      `SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
       AND ((classid::bigint << 32) | objid::bigint) = ${appendLockKey}`,
    )
    return held === 1
  }
  const as = async <T>(url: string, use: (sql: SQL) => Promise<T>) => {
    const sql = new SQL(url, { max: 1 })
    try {
      return await use(sql)
    } finally {
      await sql.close()
    }
  }

  test('the command role appends, and can neither change the log nor reach a segment', async () => {
    await as(database.commandUrl, async (sql) => {
      await sql.unsafe(append())
      const refused = [
        append().replace('outbox', 'outbox_s000000000000001'),
        'UPDATE outbox SET version = 2',
        'DELETE FROM outbox',
        'TRUNCATE outbox',
        'TRUNCATE outbox_s000000000000001',
        'UPDATE outbox_cursor SET seq = 0',
        'SELECT outbox_make_segments(3, 1000)',
        "SELECT setval('outbox_seq_seq', 1)",
      ]
      for (const statement of refused) {
        const code = await sql.unsafe(statement).catch((error: { errno?: string }) => error.errno)
        expect([statement.slice(0, 60), code]).toEqual([statement.slice(0, 60), '42501'])
      }
      const explicit = append().replace('(id', '(seq, id').replace("VALUES ('", "VALUES (7, '")
      expect(await sql.unsafe(explicit).catch((error: { errno?: string }) => error.errno)).toBe('428C9')
    })
  })
  test('the relay role reads, and writes only its cursor', async () => {
    await as(database.relayUrl, async (sql) => {
      await sql.unsafe('SELECT * FROM outbox, users LIMIT 0')
      await sql.unsafe('UPDATE outbox_cursor SET seq = seq')
      for (const statement of [append(), 'DELETE FROM outbox_cursor', 'DELETE FROM users'])
        expect(await sql.unsafe(statement).catch((error: { errno?: string }) => error.errno)).toBe('42501')
    })
  })
  test('a multi-row insert, a child insert and one under replication take the lock all the same', async () => {
    for (const statement of [append(3), append().replace('outbox', 'outbox_s000000000000001')])
      await as(database.adminUrl, (sql) =>
        sql.begin(async (transaction) => {
          expect(await holdsLock(transaction)).toBe(false)
          await transaction.unsafe("SET LOCAL session_replication_role = 'replica'")
          await transaction.unsafe(statement)
          expect(await holdsLock(transaction)).toBe(true)
        }),
      )
  })
  test('time-outs bind the roles, whoever connects', async () => {
    await as(database.commandUrl, async (sql) => {
      const [settings] = await sql.unsafe(
        `SELECT current_setting('lock_timeout') AS lock, current_setting('transaction_timeout') AS transaction,
         current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('synchronous_commit') AS sync`,
      )
      expect(settings).toEqual({ lock: '2s', transaction: '20s', idle: '3s', sync: 'on' })
    })
  })
})

describe('segments', () => {
  test('are made ahead, once, with the lock of their own, while a reader is open', async () => {
    const reader = new SQL(database.relayUrl, { max: 1 })
    await reader.begin(async (open) => {
      await open.unsafe('SELECT * FROM outbox')
      const made = await Promise.all(
        [1, 2, 3].map(() =>
          database.sql`SELECT outbox_make_segments(6, 1000) AS made`.then(([first]) => first.made),
        ),
      )
      expect(made.reduce((sum, n) => sum + n, 0)).toBe(3)
      await database.sql.unsafe(append())
    })
    await reader.close()
    const segments =
      await database.sql`SELECT from_seq::int, to_seq::int FROM outbox_segments ORDER BY from_seq`
    expect(segments).toHaveLength(7)
    for (const [index, segment] of segments.entries())
      if (index > 0) expect(segment.from_seq).toBe(segments[index - 1].to_seq)
    const [{ triggers }] = await database.sql`
      SELECT count(*)::int AS triggers FROM pg_trigger t JOIN pg_inherits i ON i.inhrelid = t.tgrelid
      WHERE i.inhparent = 'outbox'::regclass AND t.tgname = 'outbox_append_lock' AND t.tgenabled = 'A'`
    expect(triggers).toBe(7)
  })
  test('an envelope over the limit and headers over theirs are refused at the append', async () => {
    const sized = (payload: string, headers: string) =>
      database.sql
        .unsafe(
          append()
            .replace(', payload)', ', payload, headers)')
            .replace("'{}')", `'${payload}', '${headers}')`),
        )
        .catch((error: { errno?: string; constraint?: string }) => error.constraint)
    expect(await sized(`{"a":"${'x'.repeat(1_000_000)}"}`, '{}')).toBe('outbox_envelope_size')
    expect(await sized('{}', `{"a":"${'x'.repeat(4_096)}"}`)).toBe('outbox_headers_size')
    expect(await sized('{}', `{"causationid":"${'x'.repeat(129)}"}`)).toBe('outbox_headers_size')
    expect(await sized('{}', '{"a":"b"}')).not.toContain('outbox')
  })
})
