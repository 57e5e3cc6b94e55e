// Prints the SQL of pg-transactional-outbox, as its README has it made: for polling, or told so for replication.
import outbox from 'pg-transactional-outbox'
import { publication, slot } from './config.ts'

const common = {
  outboxOrInbox: 'outbox',
  database: 'peers',
  schema: 'public',
  table: 'outbox',
  listenerRole: 'owner',
  handlerRole: 'owner',
} as const
const { DatabaseSetupExporter } = outbox
const script =
  process.argv[2] === 'replication'
    ? DatabaseSetupExporter.createReplicationScript(
        { ...common, replicationRole: 'owner', publication, replicationSlot: slot },
        true,
      )
    : DatabaseSetupExporter.createPollingScript(
        { ...common, nextMessagesSchema: 'public', nextMessagesName: 'next_outbox_messages' },
        true,
      )
process.stdout.write(script)
