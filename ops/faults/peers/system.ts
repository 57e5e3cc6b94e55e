import { existsSync, readFileSync } from 'node:fs'
import { foldEmail, foldName } from '../../../query/users/folding.ts'
import type { StoredUser } from '../history.ts'
import type { System } from '../system.ts'
import { query } from '../world/places.ts'
import { queueDepths, readDocuments, readPublishes } from '../world/records.ts'
import type { World } from '../world/world.ts'
import { COLLECTION, QUEUE } from './names.ts'
import type { Peer } from './peers.ts'
import { startPeer } from './world.ts'

/** A peer as the harness sees it: its records in the shape of ours. The log is what a trigger wrote down of each change. */
export const peerSystem = (peer: Peer, folder: string): System => ({
  start: (stack, topology, dir) => startPeer(peer, folder, { stack, topology, dir }),
  async state({ places }) {
    const [[found], documents, queued] = await Promise.all([
      query<Record<'rows' | 'log' | 'backlog', string>>(places.ownerUrl, recordsSql(peer)),
      readDocuments(places, COLLECTION),
      queueDepths(places.brokerUrl, [QUEUE]),
    ])
    const { rows, log, backlog } = found!
    return {
      rows: JSON.parse(rows),
      log: JSON.parse(log),
      replays: [],
      documents: documents.map(withKeys),
      backlogEvents: Number(backlog),
      queued,
    }
  },
  /** Clocks order them, since several publish at once. What reached the consumer is as good as confirmed. */
  publishes(world) {
    const arrived = arrivalsOf(world)
    return readPublishes(world.relays.flatMap(({ recordFiles }) => recordFiles))
      .toSorted((a, b) => a.atMs - b.atMs)
      .map((call, place) => ({
        ...call,
        call: place,
        fates: call.ids.map((id, n) => (arrived.has(id) ? 'confirmed' : (call.fates?.[n] ?? 'unknown'))),
      }))
  },
})

/** Every change that the consumer was ever handed, by its user and version. */
export function arrivalsOf({ queries }: Pick<World, 'queries'>): ReadonlySet<string> {
  const files = queries.flatMap(({ recordFiles }) => recordFiles)
  return new Set(
    files.flatMap(({ file }) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [])),
  )
}

const recordsSql = ({ relay }: Peer) => `
SELECT (SELECT coalesce(json_agg(json_build_object('id', id, 'first_name', first_name, 'last_name', last_name,
    'email', email, 'version', version, 'created_at', instant(created_at), 'updated_at', instant(updated_at))), '[]')
    FROM users)::text AS rows,
  (SELECT coalesce(json_agg(json_build_object('seq', seq, 'id', id || ':' || version, 'aggregateId', id,
    'type', 'user.' || kind || '.v1', 'version', version, 'data', data, 'occurredAt', instant(at)) ORDER BY seq), '[]')
    FROM witness)::text AS log,
  ${relay ? '(SELECT count(*) FROM outbox WHERE processed_at IS NULL AND abandoned_at IS NULL)' : '0'}::text AS backlog`

/** What our read model derives of a user, and theirs need not have. */
function withKeys(document: StoredUser): StoredUser {
  const { first_name, last_name, email } = document as Record<string, string | undefined>
  if (first_name === undefined || last_name === undefined || email === undefined) return document
  return {
    ...document,
    first_name_key: foldName(first_name),
    last_name_key: foldName(last_name),
    email_key: foldEmail(email),
  }
}
