import { join } from 'node:path'
import type { Places } from '../../../ops/faults/world/places.ts'
import type { Contender } from '../machinery/comparison.ts'
import { pgbench } from '../machinery/pgbench.ts'
import { metered, type Site } from '../machinery/site.ts'
import { checkWritten, emptied, type Tables } from './written.ts'

const CLIENTS = 64
/** So many take a while to connect, and that is part of the time. */
const SECONDS_MIN = 3

/** Ids rise as ours do: random ones would cost the index more. A client's own numbers are its own range. */
const script = ({ users, outbox }: Tables) => `\\set i :i + 1
\\set n :client_id * 1000000000 + :i
BEGIN;
INSERT INTO ${users} (id, first_name, last_name, email, email_key, version, created_at, updated_at)
  VALUES (('018f00000000' || lpad(to_hex(:n::bigint), 20, '0'))::uuid, 'Ada', 'Lovelace',
    'p-' || :n::bigint || '@bench.example', 'p-' || :n::bigint || '@bench.example', 1, now(), now());
INSERT INTO ${outbox} (id, aggregatetype, aggregateid, type, version, payload, headers, occurred_at)
  VALUES (('018f00000001' || lpad(to_hex(:n::bigint), 20, '0'))::uuid, 'users',
    ('018f00000000' || lpad(to_hex(:n::bigint), 20, '0'))::uuid::text, 'users.user.created.v2', 1,
    jsonb_build_object('id', ('018f00000000' || lpad(to_hex(:n::bigint), 20, '0'))::uuid::text, 'first_name', 'Ada',
      'last_name', 'Lovelace', 'email', 'p-' || :n::bigint || '@bench.example', 'created_at', now(), 'updated_at', now()),
    '{}', now());
COMMIT;
`

/** The limit of writing one by one: nothing but two prepared inserts and a COMMIT that waits for the disk. */
export const pgbenchWriter = (
  site: Site,
  places: Places,
  {
    name,
    tables,
    seconds = Math.max(SECONDS_MIN, site.sizes.seconds),
  }: { name: string; tables: Tables; seconds?: number },
): Contender => ({
  name,
  async measure() {
    await emptied(places, tables)
    const order = {
      url: places.ownerUrl,
      script: script(tables),
      clients: CLIENTS,
      seconds,
      variables: { i: 0 },
      dir: join(site.dir, 'pgbench'),
    }
    const { result, cpuMs } = await metered(site, [], () => pgbench(order))
    const { transactions, elapsedMs } = result
    await checkWritten(places, tables, { least: transactions, most: transactions })
    return { count: transactions, elapsedMs, cpuMs }
  },
})
