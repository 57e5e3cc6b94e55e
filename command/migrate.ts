import { createLogger } from '../shared/process/logger.ts'
import { loadSettings, SettingsError } from '../shared/process/settings.ts'
import { migrate } from './migrations/run.ts'
import { migrateSettings } from './settings.ts'

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())

try {
  const settings = loadSettings(migrateSettings, process.env)
  const log = createLogger('migrate', settings.LOG_LEVEL)
  const urls = {
    owner: settings.POSTGRES_OWNER_URL,
    command: settings.POSTGRES_URL,
    relay: settings.POSTGRES_RELAY_URL,
  }
  const names = await migrate({ urls, log, signal: stop.signal })
  log.info('the schema is up to date', { ran: names.length })
  process.exit(0)
} catch (error) {
  process.stderr.write(
    `${error instanceof SettingsError ? error.message : `Migration failed: ${String(error)}`}\n`,
  )
  process.exit(1)
}
