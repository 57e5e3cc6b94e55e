import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { QUEUE } from '../../../../ops/faults/peers/names.ts'
import { makePlaces, query, type Places } from '../../../../ops/faults/world/places.ts'
import { Replica, type Role } from '../../../../ops/faults/world/replica.ts'
import { choosePorts } from '../../../../ops/stack/ports.ts'
import type { Site } from '../../machinery/site.ts'
import type { Peers } from './install.ts'

/** A peer's own database and virtual host, with one durable quorum queue. The harness's witness would cost it a row more. */
export async function peerPlaces(site: Site, { folder }: Peers, scripts: readonly string[]): Promise<Places> {
  const places = await makePlaces(site.stack.env, async ({ owner }) => {
    const schema = await readFile(join(folder, 'schema.sql'), 'utf8')
    await query(owner, `${schema};DROP TRIGGER witness ON users`)
    for (const script of scripts) await query(owner, await readFile(join(folder, script), 'utf8'))
  })
  site.defer(() => places.drop())
  return places
}

export interface PeerProcess {
  readonly role: Role
  readonly places: Places
  /** Of the peers' folder. */
  readonly program: string
  readonly setting: 'default' | 'best'
  readonly env?: Readonly<Record<string, string>>
}

/** Not started yet; stopped with the part. */
export async function peerProcess(site: Site, { folder }: Peers, of: PeerProcess): Promise<Replica> {
  const { role, places, program, setting, env } = of
  const { port } = await choosePorts({ port: 0 })
  const replica = new Replica({
    role,
    name: program.replace('.mjs', ''),
    port,
    dir: site.dir,
    entry: join(folder, program),
    runtime: 'node',
    env: {
      PORT: `${port}`,
      POSTGRES_URL: places.ownerUrl,
      RABBITMQ_URL: places.brokerUrl,
      PEER_SETTING: setting,
      // MikroORM looks for its packages' versions where it is run from, which is our folder and not the peers'.
      MIKRO_ORM_ALLOW_VERSION_MISMATCH: '1',
      ...env,
    },
    onEnd: ({ by, code }) => {
      if (by === 'itself') site.progress.line(` ! ${program} ended by itself (${code})`)
    },
  })
  site.defer(() => replica.stop(5_000))
  return replica
}

export { QUEUE as peerQueue }
