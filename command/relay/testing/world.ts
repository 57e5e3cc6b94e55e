import { SQL } from 'bun'
import { loadSettings } from '../../../shared/process/settings.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { migratedDatabase, type MigratedDatabase } from '../../../tests/support/command-side.ts'
import { startProcess, type RunningProcess } from '../../../tests/support/processes.ts'
import { createVhost, type TestVhost } from '../../../tests/support/stack.ts'
import { genericAggregates } from '../../aggregates.ts'
import { createRelayService, type RelayDecorators, type RelayService } from '../service.ts'
import { relaySettings } from '../settings.ts'
import { testBroker, type TestBroker } from './broker.ts'

export type Env = Readonly<Record<string, string>>

/** A database, a virtual host, and relays between them, all of them this test's own. */
export interface RelayWorld {
  readonly database: MigratedDatabase
  readonly vhost: TestVhost
  readonly broker: TestBroker
  /** Appends one event for each aggregate id, in one transaction, as the command service would. @returns their ids */
  append(aggregateIds: readonly string[]): Promise<string[]>
  /** With the rights of the command service. */
  readonly command: SQL
  /** As the superuser. */
  readonly admin: SQL
  cursor(): Promise<{ seq: number; owner: string | null; token: number }>
  /** Starts a relay in this process. */
  start(env?: Env, decorators?: RelayDecorators): Promise<RunningRelay>
  /** Starts the relay as a process of its own, the way it is run. */
  spawn(env?: Env): Promise<RunningProcess>
  end(): Promise<void>
}

export interface RunningRelay extends RelayService {
  stop(): Promise<void>
  metric(name: string): Promise<number>
}

const eventType = 'users.user.updated.v2'

export async function relayWorld(): Promise<RelayWorld> {
  const [database, vhost] = await Promise.all([migratedDatabase(), createVhost()])
  const broker = await testBroker(vhost.url)
  const command = new SQL(database.commandUrl, { max: 40 })
  const admin = new SQL(database.adminUrl, { max: 2 })
  const stops: (() => Promise<unknown>)[] = []
  const versions = new Map<string, number>()
  const environment = (env: Env): Env => ({ ...fast(database, vhost), ...env })

  return {
    database,
    vhost,
    broker,
    command,
    admin,
    async append(aggregateIds) {
      const rows = aggregateIds.map((aggregateId) => {
        const version = (versions.get(aggregateId) ?? 0) + 1
        versions.set(aggregateId, version)
        return eventRow(aggregateId, version)
      })
      for (let from = 0; from < rows.length; from += 1_000)
        await command`INSERT INTO outbox ${command(rows.slice(from, from + 1_000))}`
      return rows.map(({ id }) => id)
    },
    async cursor() {
      const [row] = await database.sql`
        SELECT seq::float8 AS seq, owner, token::float8 AS token FROM outbox_cursor WHERE name = 'relay'`
      return row
    },
    async start(env = {}, decorators = {}) {
      const settings = loadSettings(relaySettings, environment(env))
      const service = createRelayService(settings, genericAggregates, silentLogger, decorators)
      for (const part of service.parts) await part.start()
      const stop = async () => {
        for (const part of service.parts.toReversed()) await part.stop()
      }
      stops.push(stop)
      return { ...service, stop, metric: (name) => readMetric(service, name) }
    },
    async spawn(env = {}) {
      const process = await startProcess('relay', environment(env))
      stops.push(() => process.kill('SIGKILL'))
      return process
    },
    async end() {
      for (const stop of stops.toReversed()) await stop()
      await broker.close()
      await Promise.all([command.close({ timeout: 0 }), admin.close({ timeout: 0 })])
      await Promise.all([database.close(), vhost.drop()])
    },
  }
}

export const eventRow = (aggregateId: string, version: number) => ({
  id: Bun.randomUUIDv7(),
  aggregatetype: 'users',
  aggregateid: aggregateId,
  type: eventType,
  version,
  payload: { id: aggregateId, version },
})

/** `count` aggregate ids, each `times` times, so that each has a history to be kept in order. */
export function aggregateIds(count: number, times = 1): string[] {
  const ids = Array.from({ length: count }, () => crypto.randomUUID())
  return Array.from({ length: times }, () => ids).flat()
}

/** An aggregate id whose events go to `partition` of eight. */
export function aggregateIdOn(partition: number): string {
  for (;;) {
    const id = crypto.randomUUID()
    if (partitionOf(id, 8) === partition) return id
  }
}

/** Short waits, so that a test waits for what happens and not for time. */
const fast = (database: MigratedDatabase, vhost: TestVhost): Env => ({
  POSTGRES_RELAY_URL: database.relayUrl,
  RABBITMQ_URL: vhost.url,
  RELAY_PORT: '0',
  RELAY_HEARTBEAT_INTERVAL_MS: '200',
  RELAY_BACKOFF_MAX_MS: '300',
})

async function readMetric(service: RelayService, name: string): Promise<number> {
  const line = (await service.metrics.metrics()).split('\n').find((text) => text.startsWith(`${name}{`))
  if (!line) throw new Error(`no metric ${name}`)
  return Number(line.slice(line.lastIndexOf(' ')))
}

/** The rest of the log is read too: a full pipe would stop the process. */
