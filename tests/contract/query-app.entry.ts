/** Bundled for Node by the test beside it: the query service with its dependencies handed in, served there. */
import { createServer } from 'node:http'
import { createQueryApp } from '../../query/app.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { serveFetch } from './serve-fetch.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const now = '2026-01-02T03:04:05.678Z'
const document = { _id: id, version: 3, first_name: 'Ada', last_name: 'King', email: 'ada@example.com' }

const app = createQueryApp({
  collectionOf: () =>
    ({
      find: () => ({ toArray: async () => [{ ...document, created_at: now, updated_at: now }] }),
    }) as unknown as never,
  timeoutMs: 1_000,
  publicUrl: 'http://localhost:3001',
  log: silentLogger,
  health: createHealth({ ready: [], pipeline: [] }),
  metricsText: async () => '',
})
serveFetch(createServer, (request) => app.fetch(request))
