import { logLevels } from '../shared/process/logger.ts'
import { integer, oneOf, text, url } from '../shared/process/settings.ts'

const LOG_LEVEL = oneOf({ doc: 'Least severe log line that is written.', values: logLevels, default: 'info' })
const postgres = ['postgres:', 'postgresql:'] as const

const POSTGRES_URL = url({
  doc: 'PostgreSQL as the role of the command service.',
  protocols: postgres,
  default: 'postgres://command:command@127.0.0.1:5432/commands',
})
const POSTGRES_RELAY_URL = url({
  doc: "PostgreSQL as the relay's role; a direct URL where there is a pooler, since the relay listens.",
  protocols: postgres,
  default: 'postgres://relay:relay@127.0.0.1:5432/commands',
})

export const migrateSettings = {
  POSTGRES_OWNER_URL: url({
    doc: 'PostgreSQL as the owner of the schema: migrates it and makes the two roles below.',
    protocols: postgres,
    default: 'postgres://owner:owner@127.0.0.1:5432/commands',
  }),
  POSTGRES_URL,
  POSTGRES_RELAY_URL,
  LOG_LEVEL,
}

export const commandSettings = {
  COMMAND_PORT: integer({ doc: 'Port of the command service.', default: 3000, min: 0, max: 65_535 }),
  HOST: text({ doc: 'Address the services listen on.', default: '127.0.0.1' }),
  QUERY_PUBLIC_URL: url({
    doc: "The query service as clients see it: the base of a new resource's Location.",
    protocols: ['http:', 'https:'],
    default: 'http://localhost:3001',
  }),
  POSTGRES_URL,
  POSTGRES_OWNER_URL: url({
    doc: 'When set, the command service migrates the schema at its start; when not, it waits for somebody to do so.',
    protocols: postgres,
    default: '',
  }),
  POSTGRES_RELAY_URL,
  POSTGRES_POOL_MAX: integer({
    doc: 'PostgreSQL connections of one command process. One batch is in flight at a time, so few are enough.',
    default: 4,
    min: 2,
    max: 100,
  }),
  COMMAND_BATCH_MAX: integer({
    doc: 'Most commands in one transaction. More lengthens the append lock, fewer costs throughput.',
    default: 500,
    min: 1,
    max: 5_000,
  }),
  COMMAND_QUEUE_MAX: integer({
    doc: 'Most commands waiting for a transaction; beyond it a command is answered 503 at once.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  COMMAND_TIMEOUT_MS: integer({
    doc: 'A command that could not be committed for so long is answered 503 (milliseconds).',
    default: 5_000,
    min: 100,
    max: 60_000,
  }),
  DATABASE_AWAY_MAX_MS: integer({
    doc: 'When PostgreSQL has been away for longer, commands are answered 503 without waiting (milliseconds).',
    default: 2_000,
    min: 0,
    max: 60_000,
  }),
  BODY_BYTES_MAX: integer({
    doc: 'Largest request body (bytes); beyond it 413.',
    default: 65_536,
    min: 1_024,
    max: 10_000_000,
  }),
  LOG_LEVEL,
}
