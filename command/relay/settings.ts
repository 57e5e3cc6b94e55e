import { accessSettings } from '../../shared/process/access-settings.ts'
import { commonSettings } from '../../shared/process/common-settings.ts'
import { integer } from '../../shared/process/settings.ts'
import { commandSettings } from '../settings.ts'

const { POSTGRES_OWNER_URL, POSTGRES_RELAY_URL } = commandSettings
const { ALLOW_UNAUTHENTICATED, HOST, LOG_LEVEL, PARTITIONS, RABBITMQ_URL } = commonSettings

export const relaySettings = {
  RELAY_PORT: integer({ doc: "Port of the relay's health and metrics.", default: 3002, min: 0, max: 65_535 }),
  HOST,
  ALLOW_UNAUTHENTICATED,
  ...accessSettings,
  POSTGRES_RELAY_URL,
  POSTGRES_OWNER_URL,
  RABBITMQ_URL,
  PARTITIONS,
  RELAY_WINDOW: integer({
    doc: 'Most events in one window of unconfirmed messages: more is faster and repeats more after a crash.',
    default: 1_000,
    min: 1,
    max: 10_000,
  }),
  RELAY_WINDOW_BYTES: integer({
    doc: 'Stored bytes of payload after which a window ends, whatever its count: bounds the memory.',
    default: 8_388_608,
    min: 1,
    max: 268_435_456,
  }),
  RELAY_POLL_INTERVAL_MS: integer({
    doc: 'Longest nap at the head of the log (milliseconds); the doorbell usually ends it at once.',
    default: 500,
    min: 10,
    max: 60_000,
  }),
  RELAY_LEASE_TTL_MS: integer({
    doc: 'A relay that is silent for so long is replaced (milliseconds). Above the longest pause of database or process.',
    default: 3_000,
    min: 300,
    max: 300_000,
  }),
  RELAY_STATEMENT_TIMEOUT_MS: integer({
    doc: 'A statement without an answer for so long is given up with its connection (milliseconds).',
    default: 5_000,
    min: 100,
    max: 300_000,
  }),
  RELAY_CONFIRM_TIMEOUT_MS: integer({
    doc: 'A broker that confirms nothing for so long is mute: the connection is cut and made again (milliseconds).',
    default: 10_000,
    min: 100,
    max: 300_000,
  }),
  RELAY_HEARTBEAT_INTERVAL_MS: integer({
    doc: 'Time between two heartbeats of a partition and, up to 2 s, between two looks at the log (milliseconds).',
    default: 2_000,
    min: 100,
    max: 60_000,
  }),
  RELAY_BACKOFF_MAX_MS: integer({
    doc: 'Longest wait before the next try while the broker is away or refuses messages (milliseconds).',
    default: 5_000,
    min: 100,
    max: 300_000,
  }),
  RELAY_REPLAY_WINDOW: integer({
    doc: 'Most messages of a replay that are unconfirmed: small, since live events share the broker with it.',
    default: 200,
    min: 1,
    max: 10_000,
  }),
  RELAY_REPLAY_DEPTH_MAX: integer({
    doc: 'A replay waits while a queue it fills holds more messages: live events stand behind them.',
    default: 1_000,
    min: 0,
    max: 1_000_000_000,
  }),
  RELAY_BACKLOG_ALARM_MS: integer({
    doc: 'An event unpublished for so long turns /health/pipeline red (milliseconds).',
    default: 30_000,
    min: 1_000,
    max: 86_400_000,
  }),
  RELAY_PARKED_MAX: integer({
    doc: 'So many parked aggregates are a fault of the system and not of events: beyond it delivery waits and alarms.',
    default: 100,
    min: 0,
    max: 10_000,
  }),
  OUTBOX_SEGMENT_ROWS: integer({
    doc: 'Rows of a new segment of the log: the unit in which old events are dropped.',
    default: 1_000_000,
    min: 100,
    max: 1_000_000_000,
  }),
  OUTBOX_SEGMENTS_AHEAD: integer({
    doc: 'Unused segments that are kept ready.',
    default: 3,
    min: 2,
    max: 64,
  }),
  // A week is what logs of this kind keep by default (Kafka): long enough to notice that a group fell behind, short
  // enough that nobody's disk fills up unasked.
  OUTBOX_RETENTION_HOURS: integer({
    doc: 'Events are kept for at least so long, then dropped by whole segments where the relay has POSTGRES_OWNER_URL (hours; 0: for ever).',
    default: 168,
    min: 0,
    max: 1_000_000,
  }),
  LOG_LEVEL,
}
