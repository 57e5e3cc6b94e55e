import { storedDocument, type WriteOperation } from '../../../query/projector/gate.ts'
import { createStoreWriter } from '../../../query/projector/store-writer.ts'
import { createQueryService } from '../../../query/service.ts'
import { querySettings } from '../../../query/settings.ts'
import { httpServer } from '../../../shared/process/http-server.ts'
import { runProcess } from '../../../shared/process/lifecycle.ts'
import { createLogger } from '../../../shared/process/logger.ts'
import { settingsOrExit } from '../../../shared/process/settings.ts'

/** Whatever comes is written, old or new. */
const ungated: WriteOperation = (change) => ({
  replaceOne: { filter: { _id: change.id }, replacement: storedDocument(change), upsert: true },
})

const settings = settingsOrExit(querySettings)
const log = createLogger('query', settings.LOG_LEVEL)
const service = createQueryService(settings, log, (collectionOf) => createStoreWriter(collectionOf, ungated))
const server = httpServer({ app: service.app, hostname: settings.HOST, port: service.port, log })
await runProcess({
  log,
  parts: [...service.parts, server, service.room],
  onStopping: service.health.stopping,
})
