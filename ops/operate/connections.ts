import type { AMQPClient } from '@cloudamqp/amqp-client'
import { SQL } from 'bun'
import { MongoClient, type Collection, type Db } from 'mongodb'
import { isConnectionError } from '../../command/commit/database-errors.ts'
import { databaseOf } from '../../command/relay/pool.ts'
import { connectAmqp } from '../../shared/messaging/amqp-connection.ts'
import { TimeoutError } from '../../shared/process/backoff.ts'
import { Unreachable, UsageError } from '../cli/exit-codes.ts'
import { runningStack } from '../stack/running.ts'
import { placesOf, type Places } from './places.ts'

/** Each is made at its first use, so that a verb asks only for the servers that it takes. */
export interface Connections {
  readonly places: Places
  /** As the schema's owner. */
  readonly sql: SQL
  readonly store: Db
  collectionOf<Document extends { _id: string }>(name: string): Collection<Document>
  /** One connection, made anew after it was lost. @throws Unreachable */
  broker(): Promise<AMQPClient>
  close(): Promise<void>
}

/** Longest wait for a server that does not answer at all. */
export const connectTimeoutMs = 5_000

/** @throws SettingsError */
export function connect(env: Readonly<Record<string, string | undefined>>): Connections {
  return connectTo(placesOf(env, runningStack()))
}

export function connectTo(places: Places): Connections {
  let sql: SQL | undefined
  let client: MongoClient | undefined
  let broker: Promise<AMQPClient> | undefined

  function store(): Db {
    required('MONGO_URL', places.mongoUrl)
    client ??= new MongoClient(places.mongoUrl, {
      appName: 'ops',
      maxPoolSize: 4,
      serverSelectionTimeoutMS: connectTimeoutMs,
      connectTimeoutMS: connectTimeoutMs,
      socketTimeoutMS: 60_000,
    })
    return client.db()
  }

  return {
    places,
    get sql() {
      required('POSTGRES_OWNER_URL', places.postgresUrl)
      return (sql ??= new SQL(places.postgresUrl, {
        max: 4,
        connectionTimeout: connectTimeoutMs / 1_000,
        database: databaseOf(places.postgresUrl),
        connection: { application_name: 'ops' },
      }))
    },
    get store() {
      return store()
    },
    collectionOf: <Document extends { _id: string }>(name: string) => store().collection<Document>(name),
    async broker() {
      required('RABBITMQ_URL', places.rabbitmqUrl)
      // Made anew when it was lost, for verbs that look on while the broker comes back.
      const forget = () => void (broker = undefined)
      broker ??= connectAmqp({
        url: places.rabbitmqUrl,
        name: 'ops',
        timeoutMs: connectTimeoutMs,
        onLost: forget,
      }).catch((error: unknown) => {
        forget()
        throw new Unreachable('RabbitMQ', { cause: error })
      })
      return broker
    },
    async close() {
      const amqp = await broker?.catch(() => undefined)
      await Promise.all([
        sql?.close({ timeout: 0 }).catch(() => {}),
        client?.close().catch(() => {}),
        amqp?.close().catch(() => {}),
      ])
    },
  }
}

function required(name: string, url: string): void {
  if (!url) throw new UsageError(`${name} is not set: name all servers of one system, or none`)
}

/** The server whose absence this error tells of; undefined for any other error. */
export function serverOf(error: unknown): Unreachable['server'] | undefined {
  if (error instanceof Unreachable) return error.server
  const { name = '', message = '' } = error as Partial<Error>
  if (/^Mongo(ServerSelection|Network|WaitQueueTimeout|TopologyClosed)/.test(name)) return 'the store'
  if (error instanceof TimeoutError)
    return (['PostgreSQL', 'RabbitMQ', 'the store'] as const).find((server) => message.startsWith(server))
  return isConnectionError(error) ? 'PostgreSQL' : undefined
}
