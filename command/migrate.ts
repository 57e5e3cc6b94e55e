import { createLogger } from '../shared/process/logger.ts'
import { settingsOrExit } from '../shared/process/settings.ts'
import { migrate } from './migrations/run.ts'
import { migrateSettings } from './settings.ts'

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())

try {
  const settings = settingsOrExit(migrateSettings)
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
  process.stderr.write(`Migration failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
