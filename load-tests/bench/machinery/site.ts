import { join } from 'node:path'
import { makePlaces, query, type Places } from '../../../ops/faults/world/places.ts'
import { Replica, type Role } from '../../../ops/faults/world/replica.ts'
import { type Part, serversUnder } from '../../../ops/load/parts.ts'
import { processTable } from '../../../ops/load/proc.ts'
import { disregardExternalServers } from '../../../ops/stack/external.ts'
import { startStack, type Stack } from '../../../ops/stack/index.ts'
import { choosePorts } from '../../../ops/stack/ports.ts'
import type { Progress } from '../../../ops/stack/progress.ts'
import { makeThrowawayDir } from '../../../ops/stack/throwaway.ts'
import { installAllPeers, type Peers } from '../rows/peers/install.ts'
import { startCpuMeter } from './cpu-meter.ts'
import type { Sizes } from './options.ts'
import { wrkCommand } from './tools.ts'

/** Where everything is measured: servers of its own, durable as they ship, and nothing else on them. */
export interface Site {
  readonly stack: Stack
  readonly dir: string
  readonly wrk: readonly string[]
  readonly servers: readonly Part[]
  readonly sizes: Sizes
  readonly progress: Progress
  readonly signal: AbortSignal
  /** What people use instead, where it is to be measured too. */
  readonly peers: Peers | undefined
  /** Ended with the part that opened it, whatever happens. */
  readonly defer: (end: () => Promise<unknown>) => void
}

export async function openSite(options: {
  sizes: Sizes
  withPeers: boolean
  progress: Progress
  signal: AbortSignal
}): Promise<{ site: Omit<Site, 'defer'>; close(): Promise<void> }> {
  const { sizes, withPeers, progress, signal } = options
  disregardExternalServers()
  const wrk = await wrkCommand(progress, signal)
  const peers = withPeers ? await installAllPeers(progress, signal) : undefined
  const place = await makeThrowawayDir()
  try {
    // Not a throw-away stack, which would not wait for the disk.
    const stack = await startStack({ dataDir: join(place.path, 'stack'), progress, signal })
    if (peers) await writeForReplication(stack)
    const servers = serversUnder(process.pid, processTable())
    return {
      site: { sizes, progress, signal, stack, wrk, peers, servers, dir: place.path },
      async close() {
        await stack.stop()
        await place.remove()
      },
    }
  } catch (error) {
    await place.remove()
    throw error
  }
}

/** Some of the peers read the write-ahead log; what that costs in writing it, ours bears too. */
async function writeForReplication({ env, servers }: Stack): Promise<void> {
  await query(env.POSTGRES_ADMIN_URL, 'ALTER SYSTEM SET wal_level = logical')
  await servers.postgres.stop()
  await servers.postgres.start()
}

/** A database, a virtual host and a store for this alone, dropped with the part. */
export async function placesOn(site: Site): Promise<Places> {
  const places = await makePlaces(site.stack.env)
  site.defer(() => places.drop())
  return places
}

export interface ProcessOptions {
  readonly role: Role
  readonly places: Places
  /** Tells replicas apart. */
  readonly number?: number
  readonly env?: Readonly<Record<string, string>>
}

/** One of our processes with the settings that ship, but for its places. Not started yet; stopped with the part. */
export async function processOn(site: Site, options: ProcessOptions): Promise<Replica> {
  const { role, places, number, env } = options
  const { port } = await choosePorts({ port: 0 })
  const urls: Record<Role, Record<string, string>> = {
    command: { COMMAND_PORT: `${port}`, POSTGRES_URL: places.commandUrl },
    relay: { RELAY_PORT: `${port}`, POSTGRES_RELAY_URL: places.relayUrl, RABBITMQ_URL: places.brokerUrl },
    query: { QUERY_PORT: `${port}`, MONGO_URL: places.storeUrl, RABBITMQ_URL: places.brokerUrl },
  }
  const replica = new Replica({
    role,
    name: number === undefined ? role : `${role} ${number}`,
    port,
    dir: site.dir,
    env: { ...urls[role], REPLICA_ID: `${role}-${number ?? 1}`, ...env },
    onEnd: ({ by, code }) => {
      if (by === 'itself') site.progress.line(` ! ${role} ended by itself (${code})`)
    },
  })
  site.defer(() => replica.stop(5_000))
  return replica
}

export async function startedOn(site: Site, options: ProcessOptions): Promise<Replica> {
  const replica = await processOn(site, options)
  replica.start()
  await replica.untilGreen('ready')
  return replica
}

export const partOf = ({ name, pid }: Replica): Part => ({ name, root: pid!, isSingleThreaded: true })

/** CPU of the servers and of these, while `work` runs. */
export async function metered<T>(
  site: Site,
  parts: readonly Part[],
  work: () => Promise<T>,
): Promise<{ result: T; cpuMs: Record<string, number> }> {
  const used = startCpuMeter([...site.servers, ...parts])
  const result = await work()
  return { result, cpuMs: used() }
}

/** One row of one statement, as the schema's owner. */
export async function one<Row>(places: Places, statement: string): Promise<Row> {
  return (await query<Row>(places.ownerUrl, statement))[0]!
}
