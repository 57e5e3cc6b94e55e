import { runProcess } from '../../shared/process/lifecycle.ts'
import { createLogger } from '../../shared/process/logger.ts'
import { settingsOrExit } from '../../shared/process/settings.ts'
import { composeRelay } from './compose.ts'
import { relaySettings } from './settings.ts'

const settings = settingsOrExit(relaySettings)
const log = createLogger('relay', settings.LOG_LEVEL)
const { parts, health } = composeRelay(settings, log)

await runProcess({ log, parts, onStopping: health.stopping })
