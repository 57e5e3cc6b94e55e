import { bodyBytesMaxDefault } from '../shared/http/body.ts'
import { accessSettings } from '../shared/process/access-settings.ts'
import { commonSettings } from '../shared/process/common-settings.ts'
import { operatorPort } from '../shared/process/operator-server.ts'
import { integer, oneOf, url } from '../shared/process/settings.ts'

const {
  ALLOW_UNAUTHENTICATED,
  CORS_ORIGINS,
  HOST,
  LOG_LEVEL,
  PARTITIONS,
  QUERY_PUBLIC_URL,
  SHUTDOWN_DELAY_MS,
  TOKEN_SECRET,
} = commonSettings
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

const ownerDoc =
  'PostgreSQL as the owner of the schema. Where it is set, the command service migrates at its start, and the relay drops old segments of the log.'

export const migrateSettings = {
  POSTGRES_OWNER_URL: url({
    doc: ownerDoc,
    protocols: postgres,
    default: 'postgres://owner:owner@127.0.0.1:5432/commands',
  }),
  POSTGRES_URL,
  POSTGRES_RELAY_URL,
  LOG_LEVEL,
}

export const commandSettings = {
  COMMAND_PORT: integer({ doc: 'Port of the command service.', default: 3000, min: 0, max: 65_535 }),
  COMMAND_OPS_PORT: operatorPort('the command service'),
  HOST,
  ALLOW_UNAUTHENTICATED,
  ...accessSettings,
  SHUTDOWN_DELAY_MS,
  QUERY_PUBLIC_URL,
  CORS_ORIGINS,
  TOKEN_SECRET,
  PARTITIONS,
  POSTGRES_URL,
  POSTGRES_OWNER_URL: url({
    doc: ownerDoc,
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
  IDEMPOTENCY_KEY_REQUIRED: oneOf({
    doc: '1 refuses a write without `Idempotency-Key`: for clients that are all known to send one.',
    values: ['0', '1'],
    default: '0',
  }),
  IF_MATCH_REQUIRED: oneOf({
    doc: '1 refuses a change or a removal without `If-Match`: for clients that all read before they write.',
    values: ['0', '1'],
    default: '0',
  }),
  IDEMPOTENCY_KEEP_S: integer({
    doc: 'How long the answer to a request with an `Idempotency-Key` is kept for repeats (seconds). Above the longest time a client goes on retrying.',
    default: 86_400,
    min: 1,
    max: 31_536_000,
  }),
  BODY_BYTES_MAX: integer({
    doc: 'Largest request body (bytes); beyond it 413.',
    default: bodyBytesMaxDefault,
    min: 1_024,
    max: 10_000_000,
  }),
  LOG_LEVEL,
}
