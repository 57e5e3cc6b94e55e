import { SQL } from 'bun'
import { commandSettings } from '../../command/settings.ts'
import { createCommandService, type CommandService } from '../../command/service.ts'
import { migrate } from '../../command/migrations/run.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { loadSettings } from '../../shared/process/settings.ts'
import { createDatabase, waitFor, type TestDatabase } from './stack.ts'

export interface MigratedDatabase extends TestDatabase {
  /** As the owner. */
  readonly sql: SQL
  close(): Promise<void>
}

/** A database of its own, with the schema. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  const database = await createDatabase()
  await migrate({
    urls: { owner: database.ownerUrl, command: database.commandUrl, relay: database.relayUrl },
    log: silentLogger,
    signal: new AbortController().signal,
  })
  const sql = new SQL(database.ownerUrl, { max: 4 })
  return {
    ...database,
    sql,
    async close() {
      await sql.close()
      await database.drop()
    },
  }
}

export interface RunningCommandSide extends CommandService {
  /** One request to the app, without a socket. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: any }>
  stop(): Promise<void>
}

/** The real command service on `url` (through a proxy, say), without its HTTP server. */
export async function startCommandSide(
  url: string,
  settings: Record<string, string> = {},
): Promise<RunningCommandSide> {
  const service = createCommandService(
    loadSettings(commandSettings, { POSTGRES_URL: url, ...settings }),
    silentLogger,
  )
  for (const part of service.parts) await part.start()
  await waitFor(async () => (await service.health.ready()).status === 'ok', {
    timeoutMs: 10_000,
    what: 'ready',
  })
  return {
    ...service,
    async call(method, path, body, headers = {}) {
      const init =
        body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
      const response = await service.app.handle(new Request(`http://localhost${path}`, { method, ...init }))
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined }
    },
    async stop() {
      for (const part of service.parts.toReversed()) await part.stop()
    },
  }
}
