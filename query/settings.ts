import { accessSettings, isOn } from '../shared/process/access-settings.ts'
import { commonSettings } from '../shared/process/common-settings.ts'
import { operatorPort } from '../shared/process/operator-server.ts'
import { integer, someOf, text, type Setting } from '../shared/process/settings.ts'
import { settingsTableOf } from './projector/model-settings.ts'
import { readModels } from './read-models.ts'

const {
  ALLOW_UNAUTHENTICATED,
  COMMAND_PUBLIC_URL,
  CORS_ORIGINS,
  HOST,
  LOG_LEVEL,
  PARTITIONS,
  QUERY_PUBLIC_URL,
  RABBITMQ_URL,
  SHUTDOWN_DELAY_MS,
  TOKEN_SECRET,
} = commonSettings

export const queryRoles = ['api', 'projector'] as const

const own = {
  QUERY_ROLES: someOf({
    doc: 'What this process does: `api` answers reads, `projector` applies events. Split them to scale them apart.',
    values: queryRoles,
    default: queryRoles,
  }),
  QUERY_PORT: integer({
    doc: 'Port of the query service, wherever it has the role `api`.',
    default: 3001,
    min: 0,
    max: 65_535,
  }),
  PROJECTOR_PORT: integer({
    doc: 'Port for health and metrics of a projector that runs alone.',
    default: 3003,
    min: 0,
    max: 65_535,
  }),
  QUERY_OPS_PORT: operatorPort('the query service'),
  HOST,
  ALLOW_UNAUTHENTICATED,
  ...accessSettings,
  SHUTDOWN_DELAY_MS,
  QUERY_PUBLIC_URL,
  COMMAND_PUBLIC_URL,
  CORS_ORIGINS,
  TOKEN_SECRET,
  MONGO_URL: mongoUrl({
    doc: 'The store of the read models, with the name of its database.',
    default: 'mongodb://127.0.0.1:27017/queries',
  }),
  MONGO_POOL_MAX: integer({
    doc: 'Connections to the store of one process: one for each partition of each read model that writes, the rest for reads.',
    default: 32,
    min: 2,
    max: 500,
  }),
  STORE_TIMEOUT_MS: integer({
    doc: 'A read that the store has not answered for so long is answered 503 (milliseconds).',
    default: 3_000,
    min: 100,
    max: 60_000,
  }),
  CACHE_CONTROL: {
    ...text({
      doc: '`Cache-Control` of every read. `no-cache` lets a cache keep an answer that it asks about each time (304); `public, max-age=1` lets one in front answer for a second by itself.',
      default: 'no-cache',
      pattern: /^[a-z][a-z-]*(=\d+)?(, *[a-z][a-z-]*(=\d+)?)*$/,
      accepts: 'directives such as no-cache, private or public, max-age=1',
    }),
    objection: (value: string, settings: Readonly<Record<string, unknown>>) =>
      isOn(settings) && /\b(public|s-maxage|must-revalidate)\b/.test(value)
        ? 'would let a cache in front give what one may read to everybody: without public, s-maxage and must-revalidate, or without authentication'
        : undefined,
  },
  CONSISTENCY_WAIT_DEFAULT_S: integer({
    doc: 'A read with a `Consistency-Token` and no `Prefer: wait=N` waits for its write this long at most (seconds).',
    default: 2,
    min: 0,
    max: 25,
  }),
  CONSISTENCY_WAIT_MAX_S: integer({
    doc: 'Longest that `Prefer: wait=N` can have a read wait for its write (seconds).',
    default: 10,
    min: 0,
    max: 25,
  }),
  CONSISTENCY_WAITING_MAX: integer({
    doc: 'Reads of this process that may wait for a write at the same time; one more is answered 503 at once.',
    default: 1_000,
    min: 0,
    max: 100_000,
  }),
  RABBITMQ_URL,
  PARTITIONS,
  REPLICA_ID: text({
    doc: 'Name of this projector among its replicas, for sharing the partitions. Empty: host name and process id.',
    default: '',
  }),
  PROJECTOR_PREFETCH: integer({
    doc: 'Events one partition may hold unacknowledged. Twice the batch keeps the next one coming during a write.',
    default: 1_000,
    min: 1,
    max: 10_000,
  }),
  PROJECTOR_BATCH_MAX: integer({
    doc: 'Most events in one write. Batches form by themselves: a quiet partition writes one event at a time.',
    default: 500,
    min: 1,
    max: 10_000,
  }),
  PROJECTOR_STALL_MS: integer({
    doc: 'A partition with work and no progress for so long gives its channel back to the broker (milliseconds).',
    default: 30_000,
    min: 100,
    max: 600_000,
  }),
  PROJECTOR_ATTEMPTS_MAX: integer({
    doc: 'Processes that may end over one event, applied alone, before the next parks it without trying.',
    default: 3,
    min: 1,
    max: 100,
  }),
  PROJECTOR_PARKED_MAX: integer({
    doc: 'Most parked events of one partition. Full, it stops at the next one until some are released or discarded: a change that nothing can apply must not be parked unseen.',
    default: 100,
    min: 0,
    max: 1_000_000,
  }),
  PIPELINE_OVERDUE_MS: integer({
    doc: 'Lag, or age of the last heartbeat, from which `/health/pipeline` is red (milliseconds). After half of it without any message a queue is bound again.',
    default: 30_000,
    min: 1_000,
    max: 3_600_000,
  }),
  LOG_LEVEL,
}

/** The read models' own settings are among them, and known to nobody else by type. */
export const querySettings: typeof own = { ...own, ...settingsTableOf(readModels) }

/** Not `url`: a replica set's URL names several hosts, which is no URL to `new URL`. */
function mongoUrl(options: { doc: string; default: string }): Setting<string> {
  return {
    ...text({
      ...options,
      pattern: /^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+/,
      accepts: 'a URL that starts with mongodb:// or mongodb+srv:// and names a database',
    }),
    secret: true,
  }
}
