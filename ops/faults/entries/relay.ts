import { genericAggregates } from '../../../command/aggregates.ts'
import { createRelayService, type RelayDecorators } from '../../../command/relay/service.ts'
import { relaySettings } from '../../../command/relay/settings.ts'
import { runProcess } from '../../../shared/process/lifecycle.ts'
import { createLogger } from '../../../shared/process/logger.ts'
import { settingsOrExit } from '../../../shared/process/settings.ts'
import { deathAt, relayPoints } from './points.ts'
import { recorder } from './record.ts'
import { pointSetting, recordFileSetting } from './settings.ts'

/** The relay as `command/relay/main.ts` runs it, with the harness's record around its ports, and `inner` within. */
export async function runRecordedRelay(inner: RelayDecorators = {}): Promise<void> {
  const settings = settingsOrExit(relaySettings)
  const log = createLogger('relay', settings.LOG_LEVEL)
  const record = recorder(process.env[recordFileSetting]!)
  const death = deathAt(relayPoints.find((point) => point === process.env[pointSetting]) ?? 'before-publish')
  const { parts, health } = createRelayService(settings, genericAggregates, log, {
    // The record is around what a broken build changes: it writes down what the relay believes.
    store: (store) => death.store(record.store(inner.store?.(store) ?? store)),
    publisher: (publisher) => death.publisher(record.publisher(inner.publisher?.(publisher) ?? publisher)),
  })
  await runProcess({ log, parts, onStopping: health.stopping })
}

if (import.meta.main) await runRecordedRelay()
