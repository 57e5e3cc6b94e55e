import { waitFor } from '../../../tests/support/stack.ts'
import { listParked } from '../parked.ts'
import type { World } from './world.ts'

/** As a relay before this one left it: two versions of one user kept back, the cursor beyond them. */
export async function parkAtRelay({ sql }: World, id: string): Promise<void> {
  const state = { id, first_name: 'Ada', last_name: 'Lovelace', email: 'a@example.com' }
  const time = new Date().toISOString()
  for (const version of [1, 2])
    await sql`
      WITH appended AS (
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload) VALUES
          (${Bun.randomUUIDv7()}, 'users', ${id}, 'users.user.updated.v2', ${version},
           ${{ ...state, created_at: time, updated_at: time, changed: null }})
        RETURNING *)
      INSERT INTO outbox_parked (seq, id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
      SELECT seq, id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at FROM appended`
  await sql`
    INSERT INTO outbox_parked_aggregates (aggregatetype, aggregateid, reason, first_seq, events)
    SELECT 'users', ${id}, 'nacked', min(seq), count(*) FROM outbox_parked WHERE aggregateid = ${id}`
  await sql`UPDATE outbox_cursor SET seq = (SELECT max(seq) FROM outbox) WHERE name = 'relay'`
}

/** What no projection can make anything of, straight into a queue. @returns its id, once it is parked */
export async function parkAtProjector({ connections }: World): Promise<string> {
  const channel = await (await connections.broker()).channel()
  const messageId = crypto.randomUUID()
  await channel.confirmSelect()
  const body = '{"no": "envelope of ada@example.com"}'
  await channel.basicPublish('', 'users-g1.p00of02', body, { messageId })
  await channel.close()
  return waitFor(
    async () => (await listParked(connections, 'projector')).find(({ id }) => id.includes(messageId))?.id,
    { timeoutMs: 15_000, what: 'the event to be parked' },
  )
}
