import { mkdir } from 'node:fs/promises'
import type { Stack } from '../../stack/index.ts'
import { choosePorts } from '../../stack/ports.ts'
import type { ProcessEnd } from '../history.ts'
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts'
import { makePlaces, query, type Places } from './places.ts'
import { Replica, type Role } from './replica.ts'

export type ServerName = 'postgres' | 'rabbitmq' | 'mongo'

/** How many of each, and how they differ from what ships. */
export interface Topology {
  readonly commands: number
  readonly relays: number
  readonly queries: number
  readonly partitions: number
  /** For every process. */
  readonly settings?: Readonly<Record<string, string>>
  /** Run instead of the processes that ship: relays always have one, which keeps the record of publishes. */
  readonly entries?: Partial<Record<Role, string>>
  /** Done to the migrated database, as its superuser, before anything starts. */
  readonly sql?: string
}

export interface World {
  readonly topology: Topology
  readonly places: Places
  readonly stack: Stack
  readonly replicas: readonly Replica[]
  /** Of them, those that tell of their health. */
  readonly watched: readonly Replica[]
  readonly commands: readonly Replica[]
  readonly relays: readonly Replica[]
  readonly queries: readonly Replica[]
  readonly ends: readonly ProcessEnd[]
  /** The network between a process and a server. */
  proxy(replica: Replica, server: ServerName): TcpProxy
  /** All networks to a server, of all processes or those of one role. */
  proxies(server: ServerName, role?: Role): readonly TcpProxy[]
  /** The relay that publishes at the moment; undefined while none does. */
  activeRelay(): Promise<Replica | undefined>
  stop(): Promise<void>
}

const RECORDED_RELAY = `${import.meta.dir}/../entries/relay.ts`

/** Heartbeats tell of a healthy pipeline: more often than in production, so that a run need not wait for them. */
const QUICK = { RELAY_HEARTBEAT_INTERVAL_MS: '500' }

const NEEDS: Readonly<Record<Role, readonly ServerName[]>> = {
  command: ['postgres'],
  relay: ['postgres', 'rabbitmq'],
  query: ['rabbitmq', 'mongo'],
}

/** The system on places of its own, every process behind networks that can be broken one by one. */
export async function startWorld(stack: Stack, topology: Topology, dir: string): Promise<World> {
  await mkdir(dir, { recursive: true })
  const places = await makePlaces(stack.env)
  if (topology.sql) await query(places.adminUrl, topology.sql)
  const networks = new Map<string, TcpProxy>()
  const ends: ProcessEnd[] = []

  async function replica(role: Role, number: number): Promise<Replica> {
    const name = `${role}-${number}`
    for (const server of NEEDS[role])
      networks.set(
        `${name} ${server}`,
        await startTcpProxy({ target: { host: '127.0.0.1', port: stack.servers[server].port } }),
      )
    const { port } = await choosePorts({ port: 0 })
    const through = (server: ServerName, url: string) => networks.get(`${name} ${server}`)!.url(url)
    const env: Record<Role, () => Record<string, string>> = {
      command: () => ({ COMMAND_PORT: `${port}`, POSTGRES_URL: through('postgres', places.commandUrl) }),
      relay: () => ({
        RELAY_PORT: `${port}`,
        POSTGRES_RELAY_URL: through('postgres', places.relayUrl),
        RABBITMQ_URL: through('rabbitmq', places.brokerUrl),
      }),
      query: () => ({
        QUERY_PORT: `${port}`,
        REPLICA_ID: name,
        MONGO_URL: through('mongo', places.storeUrl),
        RABBITMQ_URL: through('rabbitmq', places.brokerUrl),
      }),
    }
    return new Replica({
      role,
      name,
      port,
      dir,
      entry: topology.entries?.[role] ?? (role === 'relay' ? RECORDED_RELAY : undefined),
      env: { PARTITIONS: `${topology.partitions}`, ...QUICK, ...topology.settings, ...env[role]() },
      onEnd: (end) => ends.push(end),
    })
  }

  const several = async (role: Role, count: number) => {
    const made: Replica[] = []
    for (let number = 1; number <= count; number++) made.push(await replica(role, number))
    return made
  }
  const commands = await several('command', topology.commands)
  const relays = await several('relay', topology.relays)
  const queries = await several('query', topology.queries)
  const replicas = [...commands, ...relays, ...queries]
  const world: World = {
    topology,
    places,
    stack,
    replicas,
    watched: replicas,
    commands,
    relays,
    queries,
    ends,
    proxy: ({ name }, server) => networks.get(`${name} ${server}`)!,
    proxies: (server, role) =>
      [...networks]
        .filter(([key]) => key.endsWith(` ${server}`) && (!role || key.startsWith(role)))
        .map(([, one]) => one),
    async activeRelay() {
      for (const one of relays) {
        const answer = await fetch(`${one.url}/metrics`, { signal: AbortSignal.timeout(1_000) }).catch(
          () => undefined,
        )
        if (answer && /^relay_active\{[^}]*\} 1$/m.test(await answer.text())) return one
      }
      return undefined
    },
    async stop() {
      await Promise.all(replicas.map((one) => one.stop(5_000)))
      for (const one of networks.values()) await one.stop()
      await places.drop()
    },
  }
  try {
    for (const one of replicas) one.start()
    await Promise.all(replicas.map((one) => one.untilGreen('ready')))
    // A new group has everything replayed to it: not in the middle of what is tried, where it could heal what is lost.
    await Promise.all(queries.map((one) => one.untilGreen('pipeline')))
    return world
  } catch (error) {
    await world.stop()
    throw error
  }
}
