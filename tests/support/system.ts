import { startProcess, type Role, type RunningProcess } from './processes.ts'
import { createDatabase, createMongoUrl, createVhost, dropMongo, waitFor } from './stack.ts'

export interface RunningSystem extends Readonly<Record<Role, RunningProcess>> {
  readonly all: readonly RunningProcess[]
  /** What the processes were started with. */
  readonly env: Readonly<Record<string, string>>
  /** Stops the processes and drops what they wrote. */
  stop(): Promise<void>
}

/**
 * The three processes on a database, a virtual host and collections of their own. Resolves when all are ready.
 * @param cwd another checkout
 */
export async function startSystem(
  settings: Record<string, string> = {},
  cwd?: string,
): Promise<RunningSystem> {
  const [database, vhost, mongoUrl] = [await createDatabase(), await createVhost(), createMongoUrl()]
  const env = {
    POSTGRES_OWNER_URL: database.ownerUrl,
    POSTGRES_URL: database.commandUrl,
    POSTGRES_RELAY_URL: database.relayUrl,
    RABBITMQ_URL: vhost.url,
    MONGO_URL: mongoUrl,
    PARTITIONS: '2',
    ...settings,
  }
  const [command, relay, query] = await Promise.all([
    startProcess('command', env, cwd),
    startProcess('relay', env, cwd),
    startProcess('query', env, cwd),
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
    env,
    async stop() {
      await Promise.all(all.map((process) => process.stop()))
      await Promise.all([database.drop(), vhost.drop(), dropMongo(mongoUrl)])
    },
  }
}
