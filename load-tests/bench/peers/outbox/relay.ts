// The listener of pg-transactional-outbox: polls the outbox, or follows its replication, and publishes with confirms.
import { createServer } from 'node:http'
import outbox, { type StoredTransactionalMessage } from 'pg-transactional-outbox'
import type { UserEvent } from '../shared/event.ts'
import { Publisher } from '../shared/publisher.ts'
import { settings } from '../shared/settings.ts'
import { config, replication } from './config.ts'

const publisher = new Publisher(settings.brokerUrl, settings.queue, true)
await publisher.start()

const handler = {
  handle: ({ payload }: StoredTransactionalMessage) => publisher.publish(payload as UserEvent),
}
// By default a message is given up after the fifth failure, whatever the failure was.
const strategies = settings.isBest ? { messageRetryStrategy: () => true } : {}
const logger = outbox.getDefaultLogger('outbox')
if (process.env.PEER_LISTENER === 'replication') {
  // One after another as in the README; by user they overtake nobody they should not.
  const concurrencyStrategy = settings.isBest
    ? outbox.createReplicationSegmentMutexConcurrencyController()
    : outbox.createReplicationMutexConcurrencyController()
  outbox.initializeReplicationMessageListener(replication, handler, logger, {
    ...strategies,
    concurrencyStrategy,
  })
} else outbox.initializePollingMessageListener(config, handler, logger, strategies)

createServer((_request, response) => response.end('{"status":"ok"}')).listen(settings.port, '127.0.0.1')
