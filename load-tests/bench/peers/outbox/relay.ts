// The listener of pg-transactional-outbox: polls the outbox and publishes with confirms.
import { createServer } from 'node:http'
import outbox, { type StoredTransactionalMessage } from 'pg-transactional-outbox'
import type { UserEvent } from '../shared/event.ts'
import { Publisher } from '../shared/publisher.ts'
import { settings } from '../shared/settings.ts'
import { config } from './config.ts'

const publisher = new Publisher(settings.brokerUrl, settings.queue, true)
await publisher.start()

const handler = {
  handle: ({ payload }: StoredTransactionalMessage) => publisher.publish(payload as UserEvent),
}
// By default a message is given up after the fifth failure, whatever the failure was.
const strategies = settings.isBest ? { messageRetryStrategy: () => true } : {}
outbox.initializePollingMessageListener(config, handler, outbox.getDefaultLogger('outbox'), strategies)

createServer((_request, response) => response.end('{"status":"ok"}')).listen(settings.port, '127.0.0.1')
