import { SQL } from 'bun'
import { MongoClient } from 'mongodb'
import { migrate } from '../../../command/migrations/run.ts'
import { silentLogger } from '../../../shared/process/log.ts'
import { askBroker } from '../../stack/broker-api.ts'
import type { CollectionOf } from '../../../query/projector/collection-of.ts'
import type { StackEnv } from '../../stack/index.ts'

/** A database, a virtual host and a store's database that one run has for itself, on servers that others use too. */
export interface Places {
  readonly name: string
  readonly adminUrl: string
  readonly ownerUrl: string
  readonly commandUrl: string
  readonly relayUrl: string
  readonly brokerUrl: string
  readonly vhost: string
  readonly storeUrl: string
  drop(): Promise<void>
}

let sequence = 0

/** With the schema, since migrations are not what is tried here. */
export async function makePlaces(env: StackEnv, prepare = migrated): Promise<Places> {
  const name = `f_${process.pid}_${Date.now().toString(36)}_${++sequence}`
  const at = (url: string) => {
    const changed = new URL(url)
    changed.pathname = `/${name}`
    return changed.href
  }
  await asAdmin(env, `CREATE DATABASE ${name} OWNER owner`)
  const urls = {
    owner: at(env.POSTGRES_OWNER_URL),
    command: at(env.POSTGRES_URL),
    relay: at(env.POSTGRES_RELAY_URL),
  }
  await prepare(urls)
  await askBroker(env, 'PUT', `/api/vhosts/${name}`, { default_queue_type: 'quorum' })
  const user = decodeURIComponent(new URL(env.RABBITMQ_URL).username)
  await askBroker(env, 'PUT', `/api/permissions/${name}/${user}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  })
  const storeUrl = at(env.MONGO_URL)
  return {
    name,
    adminUrl: at(env.POSTGRES_ADMIN_URL),
    ownerUrl: urls.owner,
    commandUrl: urls.command,
    relayUrl: urls.relay,
    brokerUrl: at(env.RABBITMQ_URL),
    vhost: name,
    storeUrl,
    async drop() {
      await Promise.allSettled([
        asAdmin(env, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
        askBroker(env, 'DELETE', `/api/vhosts/${name}`),
        withStore(storeUrl, (client) => client.db().dropDatabase()),
      ])
    },
  }
}

interface RoleUrls {
  readonly owner: string
  readonly command: string
  readonly relay: string
}

const migrated = (urls: RoleUrls): Promise<unknown> =>
  migrate({ urls, log: silentLogger, signal: new AbortController().signal })

/** One statement on a connection of its own, which no earlier outage has touched. */
export async function query<T = Record<string, unknown>>(url: string, statement: string): Promise<T[]> {
  const sql = new SQL(url, { max: 1, connectionTimeout: 5, database: new URL(url).pathname.slice(1) })
  try {
    return (await sql.unsafe(statement)) as T[]
  } finally {
    await sql.close({ timeout: 1 }).catch(() => {})
  }
}

export async function withStore<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
  try {
    return await work(client)
  } finally {
    await client.close().catch(() => {})
  }
}

/** As the functions of the query side want their collections. */
export const withCollections = <T>(
  url: string,
  work: (collectionOf: CollectionOf) => Promise<T>,
): Promise<T> => withStore(url, (client) => work((name) => client.db().collection(name)))

const asAdmin = (env: StackEnv, statement: string) => query(env.POSTGRES_ADMIN_URL, statement)
