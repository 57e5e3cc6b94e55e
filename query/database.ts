import { defineEntity, MikroORM, p, type EntitySchema } from '@mikro-orm/mongodb'
import type { TObject, TSchema } from '@sinclair/typebox'
import type { Collection } from 'mongodb'
import { retryUntil, withTimeout } from '../shared/process/backoff.ts'
import type { Runnable } from '../shared/process/lifecycle.ts'
import type { Logger } from '../shared/process/log.ts'
import type { CollectionOf } from './projector/collection-of.ts'
import { watchMonitors } from './monitor-watch.ts'
import type { ReadModel } from './projector/read-model.ts'

export interface DatabaseOptions {
  /** With the database's name. */
  readonly url: string
  readonly readModels: readonly ReadModel[]
  readonly poolMax: number
  /** How long an operation looks for a server before it fails; also the longest `ping`. */
  readonly timeoutMs: number
  readonly log: Logger
}

export interface Database extends Runnable {
  readonly orm: MikroORM
  /** The driver's own collection, for the hot paths: the ORM formats every query as text, even with logging off. */
  readonly collectionOf: CollectionOf
  /** @throws when the store does not answer within `timeoutMs` */
  ping(): Promise<void>
}

/** A write that hangs for longer is given up with its connection, and tried again on another. */
const socketTimeoutMs = 30_000

const monitorGraceMs = 1_000

/** A store that is away fails operations, within `timeoutMs`, and never the process. */
export function createDatabase(options: DatabaseOptions): Database {
  const { timeoutMs, log } = options
  const orm = new MikroORM({
    clientUrl: options.url,
    entities: options.readModels.map(entityOf),
    // Not `pool`: of its settings, the idle time would become the time to wait for a connection.
    driverOptions: {
      appName: 'query',
      maxPoolSize: options.poolMax,
      minPoolSize: 1,
      waitQueueTimeoutMS: timeoutMs,
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      socketTimeoutMS: socketTimeoutMs,
    },
  })
  const stopping = new AbortController()
  let connecting: Promise<unknown> | undefined
  const client = () => orm.em.getConnection().getClient()
  const connect = () =>
    retryUntil(() => client().connect(), {
      signal: stopping.signal,
      baseMs: 100,
      maxMs: 2_000,
      onFailure: (error, nextMs) => log.warn('the store is not reachable', { error, next_ms: nextMs }),
    })
  const monitors = watchMonitors(client(), {
    limitMs: timeoutMs + monitorGraceMs,
    onStuck() {
      log.warn('the driver no longer looks for the store: starting it over')
      connecting = connecting?.then(async () => {
        await withTimeout(client().close(true), timeoutMs, 'closing the client').catch(() => {})
        await connect()
      })
    },
  })
  return {
    name: 'database',
    orm,
    collectionOf: <Document extends { _id: string }>(name: string) =>
      orm.em.getConnection().getCollection(name) as unknown as Collection<Document>,
    async ping() {
      await withTimeout(client().db().command({ ping: 1 }), timeoutMs, 'the store')
    },
    // Once connected the driver finds its server again by itself, but not before: a first connect that failed leaves
    // a client that refuses every operation for ever, until it is told to connect again.
    start() {
      connecting ??= connect()
    },
    async stop() {
      stopping.abort()
      monitors.stop()
      await orm.close(true)
    },
  }
}

/** The document's schema as MikroORM's model. All but the id and the version may be missing: a tombstone has neither. */
function entityOf(model: ReadModel): EntitySchema {
  const properties = Object.fromEntries(
    Object.entries((model.document as TObject).properties).map(([name, schema]) => [
      name,
      property(schema).nullable(),
    ]),
  )
  return defineEntity({
    name: model.collection,
    tableName: model.collection,
    properties: {
      ...properties,
      _id: p.string().primary(),
      version: p.integer(),
      deleted_at: p.string().nullable(),
    },
  }) as unknown as EntitySchema
}

function property(schema: TSchema) {
  switch (schema['type']) {
    case 'string':
      return p.string()
    case 'integer':
      return p.integer()
    case 'number':
      return p.double()
    case 'boolean':
      return p.boolean()
    default:
      return p.json()
  }
}
