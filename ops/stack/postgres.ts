import { SQL } from 'bun'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Sandbox } from './sandbox.ts'
import type { ServerRecipe } from './server.ts'

export interface PlaceOptions {
  rootfs: string
  /** The server's own folder, on the host. */
  dir: string
  logFile: string
  /** Nothing has to survive: no fsync, and any port. */
  throwaway: boolean
}

const DATABASE = 'commands'
const START_TIMEOUT_MS = 60_000

export function postgres({ rootfs, dir, logFile, throwaway }: PlaceOptions): ServerRecipe<{ main: number }> {
  return {
    name: 'postgres',
    preferred: { main: throwaway ? 0 : 5432 },
    async launch({ main: port }, started) {
      await mkdir(dir, { recursive: true })
      const settings = {
        port,
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        max_connections: 200,
        shared_buffers: '128MB',
        max_wal_size: '2GB',
        ...durability(throwaway),
      }
      const sandbox = new Sandbox({
        rootfs,
        dataDir: dir,
        logFile,
        user: 'postgres',
        lockFile: `${dir}.lock`,
        stopSignal: 'SIGINT',
        command: postgresCommand({ auth: 'scram-sha-256', settings, throwaway }),
      })
      started(sandbox)
      await sandbox.waitReady(() => isPostgresReady(sandbox, dir), START_TIMEOUT_MS)
      return `PostgreSQL ${await prepareDatabase(port)}`
    },
    env: ({ main: port }) => ({
      POSTGRES_ADMIN_URL: postgresUrl('postgres', port, 'postgres'),
      POSTGRES_OWNER_URL: postgresUrl('owner', port),
      POSTGRES_URL: postgresUrl('command', port),
      POSTGRES_RELAY_URL: postgresUrl('relay', port),
    }),
  }
}

/** Committed means on the disk, except where nothing has to last. */
function durability(throwaway: boolean): Record<string, string> {
  return throwaway ? { fsync: 'off', full_page_writes: 'off' } : {}
}

/** Makes the cluster where there is none yet, and becomes the server. */
export function postgresCommand(options: {
  auth: 'scram-sha-256' | 'trust'
  settings: Record<string, string | number>
  throwaway: boolean
}): string[] {
  const locale = '--encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8'
  const login = `--username=postgres --pwfile=/tmp/password --auth=${options.auth}`
  const initdb = `initdb --pgdata=/data/new ${login} ${locale} ${options.throwaway ? '--no-sync' : ''}`
  const settings = Object.entries(options.settings).map(([name, value]) => `-c '${name}=${value}'`)
  // Renamed when whole: a set-up that was cut short begins anew. The pid file of a server that was killed says "ready"
  // and may carry a pid that is now somebody else's; nobody can be running, since we hold the lock.
  const script = `
if [ ! -e /data/cluster ]; then
  rm -rf /data/new
  echo postgres > /tmp/password
  ${initdb}
  mv /data/new /data/cluster
fi
rm -f /data/cluster/postmaster.pid
exec postgres -D /data/cluster ${settings.join(' ')}`
  return ['sh', '-euc', script]
}

/** PostgreSQL writes its state into its pid file; what a killed one wrote is gone once the new one runs. */
export async function isPostgresReady(sandbox: Sandbox, dir: string): Promise<boolean> {
  if (sandbox.serverName() !== 'postgres') return false
  const lines = (await readFile(join(dir, 'cluster/postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  return lines[7]?.trim() === 'ready'
}

/** The owner and his database; all else is the migrations' work. */
async function prepareDatabase(port: number): Promise<string> {
  const sql = new SQL(postgresUrl('postgres', port, 'postgres'), { max: 1 })
  try {
    if ((await sql`select from pg_roles where rolname = 'owner'`).length === 0) {
      await sql`create role owner login createrole password 'owner'`
    }
    if ((await sql`select from pg_database where datname = ${DATABASE}`).length === 0) {
      await sql.unsafe(`create database ${DATABASE} owner owner`)
    }
    const [row] = await sql`show server_version`
    return String(row.server_version).split(' ')[0]!
  } finally {
    await sql.close()
  }
}

/** The command side's PostgreSQL: the login's name is the password, and only this machine can connect. */
function postgresUrl(role: string, port: number, database = DATABASE): string {
  return `postgres://${role}:${role}@127.0.0.1:${port}/${database}`
}
