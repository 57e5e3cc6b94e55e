import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stack } from '../../stack/index.ts'
import { choosePorts } from '../../stack/ports.ts'
import type { ProcessEnd } from '../history.ts'
import { makePlaces, query } from '../world/places.ts'
import { Replica, type ReplicaOptions } from '../world/replica.ts'
import type { Topology, World } from '../world/world.ts'
import type { Peer } from './peers.ts'

const RESTART_MS = 1_000

/** A peer on places of its own, with the consumer as its read side. What ends is started again, as a supervisor does. */
export async function startPeer(
  peer: Peer,
  folder: string,
  { stack, topology, dir }: { stack: Stack; topology: Topology; dir: string },
): Promise<World> {
  await mkdir(dir, { recursive: true })
  const scripts = ['schema.sql', ...(peer.relay ? ['outbox.sql'] : [])]
  const places = await makePlaces(stack.env, async ({ owner }) => {
    for (const script of scripts) await query(owner, await readFile(join(folder, script), 'utf8'))
  })
  const ends: ProcessEnd[] = []
  let isStopping = false

  async function replica(options: Pick<ReplicaOptions, 'role' | 'name' | 'entry' | 'runtime'>) {
    const { port } = await choosePorts({ port: 0 })
    const one: Replica = new Replica({
      ...options,
      port,
      dir,
      env: {
        ...topology.settings,
        PORT: `${port}`,
        POSTGRES_URL: places.ownerUrl,
        RABBITMQ_URL: places.brokerUrl,
        MONGO_URL: places.storeUrl,
        PEER_SETTING: peer.setting,
      },
      onEnd(end) {
        ends.push(end)
        setTimeout(() => isStopping || one.start(), RESTART_MS)
      },
    })
    return one
  }
  const several = (role: 'command' | 'relay', count: number, program: string) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        replica({ role, name: `${role}-${n + 1}`, entry: join(folder, program), runtime: 'node' }),
      ),
    )
  const { service, relay } = peer
  // One listener, which a supervisor starts again: of two that ask in the same rhythm one may get everything. Without a
  // relay it is the service that publishes, and as many of it are wanted as there would be relays.
  const count = relay ? topology.commands : Math.max(topology.commands, topology.relays)
  const commands = await several('command', count, service)
  const relays = relay ? await several('relay', 1, relay) : commands
  const consumer = await replica({
    role: 'query',
    name: 'consumer-1',
    entry: `${import.meta.dir}/consumer.entry.ts`,
  })
  const replicas = [...new Set([...commands, ...relays, consumer])]
  const world: World = {
    topology,
    places,
    stack,
    replicas,
    watched: [],
    commands,
    relays,
    queries: [consumer],
    ends,
    proxy() {
      throw new Error('peers have no network of their own')
    },
    proxies: () => [],
    activeRelay: async () => relays.find(({ isRunning }) => isRunning),
    async stop() {
      isStopping = true
      await Promise.all(replicas.map((one) => one.stop(5_000)))
      await places.drop()
    },
  }
  try {
    for (const one of replicas) one.start()
    await Promise.all([...commands, ...relays].map((one) => one.untilGreen('ready')))
    return world
  } catch (error) {
    await world.stop()
    throw error
  }
}
