import type { PollingListenerConfig } from 'pg-transactional-outbox'
import { settings } from '../shared/settings.ts'

const { isBest, postgresUrl } = settings

/** The README's values; the best for delivery asks more often, for more. */
export const config: PollingListenerConfig = {
  outboxOrInbox: 'outbox',
  dbListenerConfig: { connectionString: postgresUrl },
  settings: {
    dbSchema: 'public',
    dbTable: 'outbox',
    enableMaxAttemptsProtection: false,
    enablePoisonousMessageProtection: false,
    nextMessagesBatchSize: isBest ? 25 : 5,
    nextMessagesFunctionName: 'next_outbox_messages',
    nextMessagesPollingIntervalInMs: isBest ? 50 : 250,
  },
}
