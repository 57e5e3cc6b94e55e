import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type PlaceOptions, isPostgresReady, postgresCommand } from './postgres.ts'
import { Sandbox, type SandboxOptions, THIS_MACHINE, runInSandbox } from './sandbox.ts'
import type { ServerRecipe } from './server.ts'

const START_TIMEOUT_MS = 60_000
const MONGO_PORT = 27_017

/**
 * FerretDB, on a PostgreSQL of its own whose network nobody else is in: it needs no port of the machine and trusts
 * whoever reaches its socket, which is FerretDB alone.
 */
export function ferretdb(
  { rootfs, dir, logFile, throwaway }: PlaceOptions,
  { binary, version }: { binary: string; version: string },
): ServerRecipe<{ main: number }> {
  const sockets = join(dir, 'sockets')
  const common = { rootfs, dataDir: dir, user: 'postgres', binds: { '/run/sockets': sockets } } as const
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '/run/sockets',
    max_connections: 200,
    shared_preload_libraries: 'pg_cron,pg_documentdb_core,pg_documentdb',
    'cron.database_name': 'postgres',
    // Not `full_page_writes`: without it, an index of DocumentDB loops for ever once the server was killed.
    fsync: throwaway ? 'off' : 'on',
  }
  return {
    name: 'mongo',
    preferred: { main: throwaway ? 0 : MONGO_PORT },
    async launch({ main: port }, started) {
      await mkdir(sockets, { recursive: true })
      const store: SandboxOptions = {
        ...common,
        ownNetwork: true,
        lockFile: `${dir}.lock`,
        stopSignal: 'SIGINT',
        logFile: logFile.replace('.log', '-store.log'),
        command: postgresCommand({ auth: 'trust', settings, throwaway }),
      }
      const postgres = new Sandbox(store)
      started(postgres)
      await postgres.waitReady(() => isPostgresReady(postgres, dir), START_TIMEOUT_MS)
      const extension = 'CREATE EXTENSION IF NOT EXISTS documentdb CASCADE'
      await runInSandbox({
        ...common,
        logFile: store.logFile,
        lockFile: `${dir}.extension.lock`,
        command: ['psql', '--quiet', '--host=/run/sockets', '--username=postgres', `--command=${extension}`],
      })
      const ferret = new Sandbox({
        ...common,
        logFile,
        lockFile: `${dir}.ferretdb.lock`,
        stopSignal: 'SIGTERM',
        binds: {
          ...common.binds,
          '/run/ferretdb': binary,
        },
        command: ['/run/ferretdb', ...ferretFlags(port)],
      })
      started(ferret)
      await ferret.waitReady(() => ferret.listensOn(port), START_TIMEOUT_MS)
      return `FerretDB ${version}`
    },
    env: mongoEnv,
  }
}

/** A real MongoDB that the machine has. */
export function mongod(
  { dir, logFile, throwaway }: Omit<PlaceOptions, 'rootfs'>,
  binary: { path: string; version: string },
): ServerRecipe<{ main: number }> {
  return {
    name: 'mongo',
    preferred: { main: throwaway ? 0 : MONGO_PORT },
    async launch({ main: port }, started) {
      await mkdir(join(dir, 'db'), { recursive: true })
      const server = new Sandbox({
        ...({
          rootfs: THIS_MACHINE,
          dataDir: dir,
          logFile,
          lockFile: `${dir}.lock`,
          stopSignal: 'SIGTERM',
        } as const),
        command: [binary.path, '--dbpath', join(dir, 'db'), '--bind_ip', '127.0.0.1', '--port', `${port}`],
      })
      started(server)
      await server.waitReady(() => server.listensOn(port), START_TIMEOUT_MS)
      return `MongoDB ${binary.version}`
    },
    env: mongoEnv,
  }
}

const mongoEnv = ({ main: port }: { main: number }) => ({
  MONGO_URL: `mongodb://127.0.0.1:${port}/queries?directConnection=true`,
})

function ferretFlags(port: number): string[] {
  return [
    `--listen-addr=127.0.0.1:${port}`,
    '--postgresql-url=postgres://postgres@localhost/postgres?host=/run/sockets&pool_max_conns=50',
    '--auth=false',
    '--telemetry=disable',
    '--debug-addr=-',
    '--state-dir=/tmp',
    '--log-level=warn',
  ]
}
