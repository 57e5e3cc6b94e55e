import { runProcess } from '../../shared/process/lifecycle.ts'
import { createLogger } from '../../shared/process/logger.ts'
import { settingsOrExit } from '../../shared/process/settings.ts'
import { genericAggregates } from '../aggregates.ts'
import { createRelayService } from './service.ts'
import { relaySettings } from './settings.ts'

const settings = settingsOrExit(relaySettings)
const log = createLogger('relay', settings.LOG_LEVEL)
const { parts, health } = createRelayService(settings, genericAggregates, log)

await runProcess({ log, parts, onStopping: health.stopping })
