import { httpServer } from '../shared/process/http-server.ts'
import { runProcess } from '../shared/process/lifecycle.ts'
import { createLogger } from '../shared/process/logger.ts'
import { settingsOrExit } from '../shared/process/settings.ts'
import { createCommandService } from './service.ts'
import { commandSettings } from './settings.ts'

const settings = settingsOrExit(commandSettings)
const log = createLogger('command', settings.LOG_LEVEL)
const service = createCommandService(settings, log)
const server = httpServer({
  app: service.app,
  hostname: settings.HOST,
  port: settings.COMMAND_PORT,
  log,
  bodyBytesMax: settings.BODY_BYTES_MAX,
})
await runProcess({
  log,
  parts: [...service.parts, server],
  onStopping: service.health.stopping,
  stopDelayMs: settings.SHUTDOWN_DELAY_MS,
})
