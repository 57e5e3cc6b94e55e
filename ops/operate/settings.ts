import { relaySettings } from '../../command/relay/settings.ts'
import { migrateSettings } from '../../command/settings.ts'
import { querySettings } from '../../query/settings.ts'
import { commonSettings } from '../../shared/process/common-settings.ts'
import { url } from '../../shared/process/settings.ts'

const { RABBITMQ_URL, PARTITIONS } = commonSettings

/** What the operator's verbs connect to; they alone may hold both sides' databases. */
export const operatorSettings = {
  POSTGRES_OWNER_URL: migrateSettings.POSTGRES_OWNER_URL,
  RABBITMQ_URL,
  RABBITMQ_API_URL: url({
    doc: "RabbitMQ's management API, with user and password. Without it the verbs do not know which replica consumes.",
    protocols: ['http:', 'https:'],
    default: '',
  }),
  MONGO_URL: querySettings.MONGO_URL,
  PARTITIONS,
  OUTBOX_RETENTION_HOURS: relaySettings.OUTBOX_RETENTION_HOURS,
}
