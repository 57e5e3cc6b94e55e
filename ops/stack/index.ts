import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { externalServers } from './external.ts'
import { localRecipes } from './recipes.ts'
import { type Progress, plainProgress } from './progress.ts'
import { runningStack } from './running.ts'
import { LocalServer, type Server, type ServerName } from './server.ts'

export type { Server, ServerName } from './server.ts'

export interface Stack {
  readonly env: StackEnv
  readonly servers: Record<ServerName, Server>
  stop(): Promise<void>
}

export interface StackEnv {
  POSTGRES_ADMIN_URL: string
  POSTGRES_OWNER_URL: string
  POSTGRES_URL: string
  POSTGRES_RELAY_URL: string
  /** With every right, for operators and tests. */
  RABBITMQ_URL: string
  /** What relay and query are given as their RABBITMQ_URL; absent where a broker of somebody's is used. */
  RABBITMQ_RELAY_URL?: string
  RABBITMQ_QUERY_URL?: string
  /** The management API, with credentials. */
  RABBITMQ_API_URL: string
  MONGO_URL: string
}

export interface StackOptions {
  dataDir: string
  /** Data need not be safe: quicker, on any ports, and removed at the end. */
  throwaway?: boolean
  onProgress?: (line: string) => void
  /** Instead of `onProgress`, where there is a terminal to draw on. */
  progress?: Progress
  /** Interrupts the start; it rejects when everything it had started is gone. */
  signal?: AbortSignal
}

/**
 * Starts PostgreSQL, RabbitMQ and MongoDB, each unless a setting names one that is there already. They end with this
 * process, however it ends; one that dies by itself is started again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir)
  const { throwaway = false, signal = new AbortController().signal } = options
  const progress = options.progress ?? plainProgress(options.onProgress ?? (() => {}))
  const other = runningStack(dataDir)
  if (other) throw new Error(`process ${other.pid} is using the data in ${dataDir}`)
  const external = externalServers(process.env)
  const names = (['postgres', 'rabbitmq', 'mongo'] as const).filter((name) => !external[name])
  await freshLogs(`${dataDir}/logs`)

  const local = await localRecipes({ names, dataDir, throwaway, progress, signal })
  const onProblem = (text: string) => progress.line(` ! ${text}`)
  const servers = { ...external } as Record<ServerName, ServerWithEnv>
  for (const recipe of local) servers[recipe.name] = new LocalServer(recipe, { throwaway, onProblem })

  const stop = async () => {
    await Promise.all(Object.values(servers).map((server) => server.stop()))
    if (throwaway) await rm(dataDir, { recursive: true, force: true })
  }
  const interrupt = () => void stop()
  signal.addEventListener('abort', interrupt)
  try {
    await Promise.all(names.map((name) => startOne(servers[name], progress)))
    signal.throwIfAborted()
  } catch (error) {
    await stop()
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', interrupt)
    if (!options.progress) progress.close()
  }
  const env = Object.assign({}, ...Object.values(servers).map((server) => server.env)) as StackEnv
  return { env, servers, stop }
}

/** The logs of this run, with those of the run before beside them. */
async function freshLogs(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (name.endsWith('.log')) await rename(join(folder, name), join(folder, `${name}.before`))
  }
}

type ServerWithEnv = Server & { env: Partial<StackEnv> }

async function startOne(server: Server, progress: Progress): Promise<void> {
  const step = progress.step(TITLES[server.name])
  try {
    await server.start()
  } catch (error) {
    throw new Error(`${TITLES[server.name]} did not start: ${(error as Error).message}`, { cause: error })
  }
  step.done(`${server.product} on :${server.port}`)
}

const TITLES: Record<ServerName, string> = { postgres: 'PostgreSQL', rabbitmq: 'RabbitMQ', mongo: 'MongoDB' }
