import type { PollingListenerConfig, ReplicationListenerConfig } from 'pg-transactional-outbox'
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

export const publication = 'outbox_publication'
/** One for the whole server: who has several of them names each. */
export const slot = process.env.PEER_SLOT ?? 'outbox_slot'

export const replication: ReplicationListenerConfig = {
  outboxOrInbox: 'outbox',
  dbListenerConfig: { connectionString: postgresUrl },
  settings: {
    dbSchema: 'public',
    dbTable: 'outbox',
    enableMaxAttemptsProtection: false,
    enablePoisonousMessageProtection: false,
    dbPublication: publication,
    dbReplicationSlot: slot,
  },
}
