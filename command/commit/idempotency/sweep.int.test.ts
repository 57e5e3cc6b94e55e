import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { silentLogger } from '../../../shared/process/log.ts'
import { createMetrics } from '../../../shared/process/registry.ts'
import { migratedDatabase, type MigratedDatabase } from '../../../tests/support/command-side.ts'
import { waitFor } from '../../../tests/support/stack.ts'
import { genericAggregates } from '../../aggregates.ts'
import { connectDatabase, type CommandDatabase } from '../../database.ts'
import { keysSweepLockKey } from '../../outbox/log.ts'
import { createKeySweep } from './sweep.ts'

let database: MigratedDatabase
let connection: CommandDatabase
/** Sees what other roles' sessions do. */
let admin: SQL
beforeAll(async () => {
  database = await migratedDatabase()
  admin = new SQL(database.adminUrl, { max: 1 })
  connection = connectDatabase({
    url: database.commandUrl,
    aggregates: genericAggregates,
    poolMax: 4,
    log: silentLogger,
  })
})
afterAll(async () => {
  await connection.close()
  await admin.close()
  await database.close()
})

/** @param age above 0: expired for so many seconds */
const insert = (rows: number, age: number) =>
  database.sql`INSERT INTO idempotency_keys SELECT gen_random_uuid(), gen_random_uuid(), '{}', gen_random_uuid(),
    clock_timestamp() - make_interval(secs => ${age}) FROM generate_series(1, ${rows})`
const left = async () => (await database.sql`SELECT count(*)::int AS n FROM idempotency_keys`)[0].n as number
const sweeper = (rowsMax = 100) => {
  const metrics = createMetrics('test')
  const sweep = createKeySweep({ orm: connection.orm, metrics, log: silentLogger, intervalMs: 20, rowsMax })
  const swept = async () =>
    (await metrics.getSingleMetric('command_idempotency_keys_swept_total')!.get()).values[0]?.value ?? 0
  return { sweep, swept }
}

test('what expired goes in small batches, whoever sweeps, and what did not stays', async () => {
  await insert(2_050, 5)
  await insert(30, -60)
  const sweepers = [sweeper(), sweeper()]
  for (const { sweep } of sweepers) sweep.start()
  await waitFor(async () => (await left()) === 30, { timeoutMs: 10_000, what: 'the old rows to go' })
  // Later ones too, and one that became visible late.
  await insert(120, 30)
  await waitFor(async () => (await left()) === 30, { timeoutMs: 10_000, what: 'the later rows to go' })
  for (const { sweep } of sweepers) await sweep.stop()
  const counts = await Promise.all(sweepers.map(({ swept }) => swept()))
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(2_170)
})

test('one sweeps at a time, and a row that a command holds is left to it', async () => {
  await database.sql`DELETE FROM idempotency_keys`
  await insert(20, 5)
  const [holder, command] = [1, 2].map(() => new SQL(database.commandUrl, { max: 1 })) as [SQL, SQL]
  await holder.unsafe(`BEGIN; SELECT pg_advisory_xact_lock(${keysSweepLockKey})`)
  const { sweep, swept } = sweeper()
  sweep.start()
  // It keeps asking for the lock, and gets by without it.
  const asked = async () =>
    (
      await admin`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'command' AND state = 'idle' AND query ILIKE 'commit%'`
    ).length > 0
  await waitFor(asked, { timeoutMs: 5_000, what: 'a look without the lock' })
  expect([await left(), await swept()]).toEqual([20, 0])
  await command.unsafe('BEGIN; SELECT idempotency_claim(ARRAY[min(id::text)::uuid]) FROM idempotency_keys')
  await holder.unsafe('ROLLBACK')
  await waitFor(async () => (await swept()) === 19, { timeoutMs: 5_000, what: 'the others to go' })
  expect(await left()).toBe(1)
  await command.unsafe('COMMIT')
  await waitFor(async () => (await left()) === 0, { timeoutMs: 5_000, what: 'the last to go' })
  await sweep.stop()
  await Promise.all([holder.close(), command.close()])
})

test('a connection that is lost ends nothing', async () => {
  const { sweep, swept } = sweeper()
  sweep.start()
  for (const total of [10, 20]) {
    await insert(10, 5)
    await waitFor(async () => (await swept()) === total, { timeoutMs: 10_000, what: 'the rows to go' })
    await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'command'`
  }
  await sweep.stop()
})
