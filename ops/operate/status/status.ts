import { sqlState } from '../../../command/commit/database-errors.ts'
import { missingSchemaStates } from '../../../command/relay/pool.ts'
import packageJson from '../../../package.json'
import { withTimeout } from '../../../shared/process/backoff.ts'
import { describeError } from '../../../shared/process/logger.ts'
import { SettingsError } from '../../../shared/process/settings.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { serverOf, type Connections } from '../connections.ts'
import { readBroker, type BrokerState } from '../look/queues.ts'
import { generationsOfCode } from '../look/generations.ts'
import { readReadSide, type ReadSide } from '../look/read-side.ts'
import { troublesOf } from './troubles.ts'
import { readWriteSide, type WriteSide } from '../look/write-side.ts'

/** The whole system at one look. A server that is away is missing in its place, and takes nothing else with it. */
export interface SystemStatus {
  /** ISO 8601. */
  readonly time: string
  readonly version: string
  /** Whose servers were asked. */
  readonly source: string
  readonly writeSide: Part<WriteSide>
  readonly broker: Part<BrokerState>
  readonly readSide: Part<ReadSide>
  /** What is wrong, one sentence each, the worst first. Empty: all is well. */
  readonly troubles: readonly string[]
}

export type Part<T> =
  ({ readonly state: 'ok' } & T) | { readonly state: 'unreachable' | 'failed'; readonly reason: string }

const schemaIsOlder = 'the schema is not there or older than this program: run the migrate verb'

/** Nobody waits at a terminal for longer. */
const patienceMs = 8_000

/** @returns always; it never rejects for a server */
export async function readStatus(connections: Connections): Promise<SystemStatus> {
  const { places } = connections
  const [writeSide, readSide] = await Promise.all([
    part('PostgreSQL', () => readWriteSide(connections.sql)),
    part('the store', () => readReadSide(connections)),
  ])
  const models = readSide.state === 'ok' ? readSide.models : generationsOfCode()
  const broker = await part('RabbitMQ', () => readBroker(connections, models))
  const status = {
    time: new Date().toISOString(),
    version: packageJson.version,
    source: places.source,
    writeSide,
    broker,
    readSide,
  }
  return { ...status, troubles: troublesOf(status) }
}

export function isUnreachable({ writeSide, broker, readSide }: SystemStatus): boolean {
  return [writeSide, broker, readSide].some(({ state }) => state === 'unreachable')
}

async function part<T extends object>(server: string, read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { state: 'ok', ...(await withTimeout(read(), patienceMs, server)) }
  } catch (error) {
    if (error instanceof UsageError || error instanceof SettingsError)
      return { state: 'unreachable', reason: error.message }
    if (serverOf(error)) return { state: 'unreachable', reason: `${server} cannot be reached` }
    if (missingSchemaStates.has(sqlState(error) ?? '')) return { state: 'failed', reason: schemaIsOlder }
    return { state: 'failed', reason: String(describeError(error)['message']) }
  }
}
