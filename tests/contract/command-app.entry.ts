/** Bundled for Node by the test beside it: the command service with its dependencies handed in, served there. */
import { contractsOf } from '../../command/contracts/of.ts'
import { createServer } from 'node:http'
import { createCommandApp } from '../../command/app.ts'
import type { CommandResult } from '../../command/commit/command.ts'
import { usersRoutes } from '../../command/users/routes.ts'
import { createConsistencyTokens } from '../../shared/process/consistency-tokens.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { serveFetch } from './serve-fetch.ts'

const app = createCommandApp({
  commands: {
    async execute({ id, input }): Promise<CommandResult> {
      const now = '2026-01-02T03:04:05.678Z'
      const state = { id, ...(input as object), created_at: now, updated_at: now }
      return { kind: 'stored', version: 1, state, changed: true }
    },
  },
  routes: [usersRoutes],
  contracts: contractsOf([], 8),
  tokens: createConsistencyTokens('a secret'),
  newId: () => '01890a5d-ac96-774b-bcce-b302099a8057',
  queryPublicUrl: 'http://localhost:3001',
  log: silentLogger,
  health: createHealth({ ready: [], pipeline: [] }),
  metricsText: async () => '',
  corsOrigins: ['http://localhost:*'],
  pages: {
    assets: [
      { name: 'x.js', mediaType: 'text/javascript', read: async () => new TextEncoder().encode('42') },
    ],
    other: { title: 'Query service', url: 'http://localhost:3001' },
  },
})
serveFetch(createServer, (request) => app.fetch(request))
