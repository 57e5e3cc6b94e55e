import { genericAggregates } from '../../../command/aggregates.ts'
import { createRelayService } from '../../../command/relay/service.ts'
import { relaySettings } from '../../../command/relay/settings.ts'
import { createQueryService } from '../../../query/service.ts'
import { querySettings } from '../../../query/settings.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import { loadSettings } from '../../../shared/process/settings.ts'
import { migratedDatabase, startCommandSide } from '../../../tests/support/command-side.ts'
import { createMongoUrl, createVhost, dropMongo, stackEnv, waitFor } from '../../../tests/support/stack.ts'
import { readBroker } from '../look/queues.ts'
import { generationsOfCode } from '../look/generations.ts'
import { readReadSide } from '../look/read-side.ts'
import { connectTo } from '../connections.ts'
import type { StoredDocument } from '../verify/documents.ts'

export type World = Awaited<ReturnType<typeof operatorWorld>>

export const partitions = 2

/** A whole system of this test's own: servers' parts, the three services, and an operator's connections to it. */
export async function operatorWorld() {
  const [database, vhost, mongoUrl] = [await migratedDatabase(), await createVhost(), createMongoUrl()]
  const env = {
    POSTGRES_OWNER_URL: database.ownerUrl,
    RABBITMQ_URL: vhost.url,
    RABBITMQ_API_URL: stackEnv().RABBITMQ_API_URL,
    MONGO_URL: mongoUrl,
    PARTITIONS: `${partitions}`,
  }
  const places = {
    source: 'a test',
    postgresUrl: env.POSTGRES_OWNER_URL,
    rabbitmqUrl: env.RABBITMQ_URL,
    rabbitmqApiUrl: env.RABBITMQ_API_URL,
    mongoUrl,
    partitions,
    retentionHours: 1,
  }
  const connections = connectTo(places)
  const command = await startCommandSide(database.commandUrl)
  const stops: (() => Promise<void>)[] = [command.stop]
  let people = 0

  async function started(parts: readonly Runnable[]): Promise<() => Promise<void>> {
    for (const part of parts) await part.start()
    let stopping: Promise<void> | undefined
    const stop = () => (stopping ??= stopAll(parts))
    stops.push(stop)
    return stop
  }

  return {
    env,
    places,
    connections,
    sql: database.sql,
    command,
    users: connections.collectionOf<StoredDocument & Record<string, unknown>>('users_g1'),
    /** @returns what stops it */
    startRelay: () =>
      started(
        createRelayService(
          loadSettings(relaySettings, {
            POSTGRES_RELAY_URL: database.relayUrl,
            RABBITMQ_URL: vhost.url,
            PARTITIONS: env.PARTITIONS,
            RELAY_PORT: '0',
            RELAY_HEARTBEAT_INTERVAL_MS: '200',
            RELAY_BACKOFF_MAX_MS: '200',
          }),
          genericAggregates,
          silentLogger,
        ).parts,
      ),
    /** @returns what stops it */
    startProjector: (replica = 'replica-1') =>
      started(
        createQueryService(
          loadSettings(querySettings, {
            MONGO_URL: mongoUrl,
            RABBITMQ_URL: vhost.url,
            PARTITIONS: env.PARTITIONS,
            REPLICA_ID: replica,
          }),
          silentLogger,
        ).parts,
      ),
    async createUser(): Promise<string> {
      const email = `p${++people}@example.com`
      const { body } = await command.call('POST', '/users', {
        first_name: 'Ada',
        last_name: 'Lovelace',
        email,
      })
      return body.id
    },
    async changeUser(id: string): Promise<void> {
      const email = `p${++people}@example.com`
      await command.call('PUT', `/users/${id}`, { first_name: 'Ada', last_name: 'King', email })
    },
    async deleteUser(id: string): Promise<void> {
      await command.call('DELETE', `/users/${id}`)
    },
    /** Every queue has a consumer, and was filled by the replay that a new one begins with. */
    async consuming(): Promise<void> {
      await waitFor(
        async () => {
          const { queues } = await readBroker(connections, generationsOfCode())
          const { incomplete } = await readReadSide(connections)
          return queues.every(({ depth }) => depth && depth.consumers > 0) && incomplete.length === 0
        },
        { timeoutMs: 20_000, what: 'the consumers' },
      )
    },
    /** Everything committed so far is in the store. */
    async converged(): Promise<void> {
      const records = connections.collectionOf<{ _id: string; cursor: number }>('projector_heartbeats')
      const queues = generationsOfCode().length * partitions
      await waitFor(
        async () => {
          const [log] = await database.sql.unsafe('SELECT coalesce(max(seq), 0)::float8 AS head FROM outbox')
          const heartbeats = await records.find({}).toArray()
          return heartbeats.length === queues && heartbeats.every(({ cursor }) => cursor >= log.head)
        },
        { timeoutMs: 20_000, what: 'the read side to have everything' },
      )
    },
    async end(): Promise<void> {
      for (const stop of stops.toReversed()) await stop()
      await connections.close()
      await Promise.all([database.close(), vhost.drop(), dropMongo(mongoUrl)])
    },
  }
}

async function stopAll(parts: readonly Runnable[]): Promise<void> {
  for (const part of parts.toReversed()) await part.stop()
}
