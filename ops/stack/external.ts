import type { StackEnv } from './index.ts'
import { Missing } from './requirements.ts'
import type { Server, ServerName } from './server.ts'

export type ExternalServer = Server & { env: Partial<StackEnv> }

/** From now on every server is ours: one that is killed or stopped is not to be somebody's. */
export function disregardExternalServers(): void {
  for (const name of [
    'POSTGRES_URL',
    'POSTGRES_RELAY_URL',
    'POSTGRES_OWNER_URL',
    'RABBITMQ_URL',
    'MONGO_URL',
  ])
    delete process.env[name]
}

/** The servers that settings name: those are used, and none of ours is started in their place. */
export function externalServers(
  settings: Record<string, string | undefined>,
): Partial<Record<ServerName, ExternalServer>> {
  const { POSTGRES_URL, RABBITMQ_URL, MONGO_URL } = settings
  return {
    ...(POSTGRES_URL && {
      postgres: external('postgres', POSTGRES_URL, 5432, postgresEnv(POSTGRES_URL, settings)),
    }),
    ...(RABBITMQ_URL && {
      rabbitmq: external('rabbitmq', RABBITMQ_URL, 5672, rabbitmqEnv(RABBITMQ_URL, settings)),
    }),
    ...(MONGO_URL && { mongo: external('mongo', MONGO_URL, 27_017, { MONGO_URL }) }),
  }
}

/** Without an owner's URL nothing is migrated there, only checked; an empty one says so. */
function postgresEnv(POSTGRES_URL: string, settings: Record<string, string | undefined>): Partial<StackEnv> {
  const { POSTGRES_RELAY_URL, POSTGRES_OWNER_URL = '', POSTGRES_ADMIN_URL = POSTGRES_OWNER_URL } = settings
  if (!POSTGRES_RELAY_URL) {
    throw new Missing(
      'POSTGRES_URL is set, POSTGRES_RELAY_URL is not',
      'set it too: the same database, the role `relay`',
    )
  }
  return { POSTGRES_URL, POSTGRES_RELAY_URL, POSTGRES_OWNER_URL, POSTGRES_ADMIN_URL }
}

function rabbitmqEnv(RABBITMQ_URL: string, settings: Record<string, string | undefined>): Partial<StackEnv> {
  const { hostname, username, password } = new URL(RABBITMQ_URL)
  const usual = `http://${username || 'guest'}:${password || 'guest'}@${hostname}:15672`
  return { RABBITMQ_URL, RABBITMQ_API_URL: settings.RABBITMQ_API_URL ?? usual }
}

function external(name: ServerName, url: string, usualPort: number, env: Partial<StackEnv>): ExternalServer {
  const notOurs = () => {
    throw new Error(`${name} is not ours: a setting names it`)
  }
  return {
    name,
    env,
    product: 'external',
    external: true,
    port: portOf(url, usualPort),
    signal: notOurs,
    start: async () => {},
    stop: async () => {},
  }
}

/** MongoDB's URLs may list several hosts, which `URL` does not read. */
const portOf = (url: string, usualPort: number) =>
  Number(/^[^/]*\/\/[^/?]*?:(\d+)(?:[,/?]|$)/.exec(url)?.[1] ?? usualPort)
