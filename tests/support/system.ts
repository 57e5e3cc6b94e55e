import { startProcess, type Role, type RunningProcess } from './processes.ts'
import { brokerUrlsIn, createDatabase, createMongoUrl, createVhost, dropMongo, waitFor } from './stack.ts'

export interface RunningSystem extends Readonly<Record<Role, RunningProcess>> {
  readonly all: readonly RunningProcess[]
  /** Where its servers are, with every right there. */
  readonly env: Readonly<Record<string, string>>
  /** Stops the processes and drops what they wrote. */
  stop(): Promise<void>
}

/**
 * The three processes on a database, a virtual host and collections of their own, each with no more rights than it
 * needs. Resolves when all are ready.
 * @param cwd another checkout, whose processes may need other rights
 */
export async function startSystem(
  settings: Record<string, string> = {},
  cwd?: string,
): Promise<RunningSystem> {
  const [database, vhost, mongoUrl] = [await createDatabase(), await createVhost(), createMongoUrl()]
  const broker = cwd ? { relay: vhost.url, query: vhost.url } : await brokerUrlsIn(vhost)
  const postgres = {
    POSTGRES_OWNER_URL: database.ownerUrl,
    POSTGRES_URL: database.commandUrl,
    POSTGRES_RELAY_URL: database.relayUrl,
  }
  const common = { PARTITIONS: '2', ...settings }
  const [command, relay, query] = await Promise.all([
    startProcess('command', { ...postgres, ...common }, cwd),
    startProcess('relay', { ...postgres, RABBITMQ_URL: broker.relay, ...common }, cwd),
    startProcess('query', { MONGO_URL: mongoUrl, RABBITMQ_URL: broker.query, ...common }, cwd),
  ])
  const all = [command, relay, query]
  const ready = async () =>
    (await Promise.all(all.map((process) => process.get('/health/ready')))).every(
      ({ status }) => status === 200,
    )
  await waitFor(ready, { timeoutMs: 20_000, what: 'the services' })
  return {
    command,
    relay,
    query,
    all,
    env: { ...postgres, RABBITMQ_URL: vhost.url, MONGO_URL: mongoUrl, ...common },
    async stop() {
      await Promise.all(all.map((process) => process.stop()))
      await Promise.all([database.drop(), vhost.drop(), dropMongo(mongoUrl)])
    },
  }
}
