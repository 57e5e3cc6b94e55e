import { SQL } from 'bun'
import { MongoClient } from 'mongodb'
import { makeBrokerUsers, type BrokerUrls } from '../../ops/broker-users.ts'
import { askBroker } from '../../ops/stack/broker-api.ts'
import type { StackEnv } from '../../ops/stack/index.ts'

export { waitFor } from '../../ops/wait.ts'

const NAMES = [
  'POSTGRES_ADMIN_URL',
  'POSTGRES_OWNER_URL',
  'POSTGRES_URL',
  'POSTGRES_RELAY_URL',
  'RABBITMQ_URL',
  'RABBITMQ_API_URL',
  'MONGO_URL',
] as const

/** The servers that `npm test` started for this run. */
export function stackEnv(): StackEnv {
  const missing = NAMES.filter((name) => !process.env[`STACK_${name}`])
  if (missing.length > 0) {
    const names = missing.map((name) => `STACK_${name}`).join(', ')
    throw new Error(`${names} not set: use \`npm test\`, or export what \`npm run stack -- up\` prints`)
  }
  const optional = ['RABBITMQ_RELAY_URL', 'RABBITMQ_QUERY_URL'].filter((name) => process.env[`STACK_${name}`])
  const entries = [...NAMES, ...optional].map((name) => [name, process.env[`STACK_${name}`]])
  return Object.fromEntries(entries) as StackEnv
}

export interface TestDatabase {
  /** As the superuser, in the new database. */
  adminUrl: string
  ownerUrl: string
  commandUrl: string
  relayUrl: string
  drop(): Promise<void>
}

/** An empty database that `owner` owns. The roles `command` and `relay` come with the first migration. */
export async function createDatabase(): Promise<TestDatabase> {
  const env = stackEnv()
  const name = uniqueName()
  const admin = (statement: string) => onPostgres(env.POSTGRES_ADMIN_URL, statement)
  await admin(`create database ${name} owner owner`)
  return {
    adminUrl: withPath(env.POSTGRES_ADMIN_URL, name),
    ownerUrl: withPath(env.POSTGRES_OWNER_URL, name),
    commandUrl: withPath(env.POSTGRES_URL, name),
    relayUrl: withPath(env.POSTGRES_RELAY_URL, name),
    drop: () => admin(`drop database if exists ${name} with (force)`),
  }
}

export interface TestVhost {
  url: string
  name: string
  drop(): Promise<void>
}

export async function createVhost(): Promise<TestVhost> {
  const env = stackEnv()
  const name = uniqueName()
  await askBroker(env, 'PUT', `/api/vhosts/${name}`, { default_queue_type: 'quorum' })
  const user = decodeURIComponent(new URL(env.RABBITMQ_URL).username)
  await askBroker(env, 'PUT', `/api/permissions/${name}/${user}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  })
  return {
    url: withPath(env.RABBITMQ_URL, name),
    name,
    drop: () => askBroker(env, 'DELETE', `/api/vhosts/${name}`),
  }
}

/** What relay and query are given there: users with the rights that each needs, and no more. */
export async function brokerUrlsIn(vhost: TestVhost): Promise<BrokerUrls> {
  const { RABBITMQ_RELAY_URL, RABBITMQ_QUERY_URL, RABBITMQ_API_URL } = stackEnv()
  // A broker of somebody's has none.
  if (!RABBITMQ_RELAY_URL || !RABBITMQ_QUERY_URL) return { relay: vhost.url, query: vhost.url }
  const urls = {
    relay: withPath(RABBITMQ_RELAY_URL, vhost.name),
    query: withPath(RABBITMQ_QUERY_URL, vhost.name),
  }
  await makeBrokerUsers(RABBITMQ_API_URL, urls)
  return urls
}

/** The URL of a database that nobody else uses; it comes into being with its first document. */
export function createMongoUrl(): string {
  return withPath(stackEnv().MONGO_URL, uniqueName())
}

export async function dropMongo(url: string): Promise<void> {
  const client = new MongoClient(url)
  await client.db().dropDatabase()
  await client.close()
}

let sequence = 0

/** Test files run in several processes on the same servers. */
export function uniqueName(prefix = 't'): string {
  return `${prefix}_${process.pid}_${Date.now().toString(36)}_${++sequence}`
}

async function onPostgres(url: string, statement: string): Promise<void> {
  const sql = new SQL(url, { max: 1 })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.close()
  }
}

function withPath(url: string, path: string): string {
  const changed = new URL(url)
  changed.pathname = `/${path}`
  return changed.href
}
