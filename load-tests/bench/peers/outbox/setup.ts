// Prints the SQL of pg-transactional-outbox for polling, as its README has it made.
import outbox from 'pg-transactional-outbox'

const script = outbox.DatabaseSetupExporter.createPollingScript(
  {
    outboxOrInbox: 'outbox',
    database: 'peers',
    schema: 'public',
    table: 'outbox',
    listenerRole: 'owner',
    handlerRole: 'owner',
    nextMessagesSchema: 'public',
    nextMessagesName: 'next_outbox_messages',
  },
  true,
)
process.stdout.write(script)
