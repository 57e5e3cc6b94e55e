import { httpServer } from '../shared/process/http-server.ts'
import { runProcess } from '../shared/process/lifecycle.ts'
import { createLogger } from '../shared/process/logger.ts'
import { settingsOrExit } from '../shared/process/settings.ts'
import { createQueryService } from './service.ts'
import { querySettings } from './settings.ts'

const settings = settingsOrExit(querySettings)
const log = createLogger(settings.QUERY_ROLES.includes('api') ? 'query' : 'projector', settings.LOG_LEVEL)
const { app, port, health, parts, room } = createQueryService(settings, log)
const server = httpServer({ app, hostname: settings.HOST, port, log })

await runProcess({
  log,
  parts: [...parts, server, room],
  onStopping: health.stopping,
  stopDelayMs: settings.SHUTDOWN_DELAY_MS,
})
