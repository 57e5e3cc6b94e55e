import { loadSettings } from '../../shared/process/settings.ts'
import type { RunningStack } from '../stack/running.ts'
import { operatorSettings } from './settings.ts'

/** Where the servers are, an empty text for one that nothing names. The URLs hold passwords: never print them. */
export interface Places {
  /** In words: whose servers these are. */
  readonly source: string
  /** As the schema's owner. */
  readonly postgresUrl: string
  readonly rabbitmqUrl: string
  readonly rabbitmqApiUrl: string
  readonly mongoUrl: string
  readonly partitions: number
  /** 0: events are kept for ever. */
  readonly retentionHours: number
}

type Env = Readonly<Record<string, string | undefined>>

const servers = ['POSTGRES_OWNER_URL', 'RABBITMQ_URL', 'MONGO_URL'] as const

/**
 * The servers of the stack that runs here, unless a setting names another: then the settings alone count, and no
 * default, so that one system's database is never held beside another's broker.
 * @throws SettingsError
 */
export function placesOf(env: Env, running: RunningStack | undefined): Places {
  const { from, source } = choose(env, running)
  const settings = loadSettings(operatorSettings, { ...env, ...from })
  const url = (name: (typeof servers)[number]) => (from && !from[name] ? '' : settings[name])
  return {
    source,
    postgresUrl: url('POSTGRES_OWNER_URL'),
    rabbitmqUrl: url('RABBITMQ_URL'),
    rabbitmqApiUrl: settings.RABBITMQ_API_URL,
    mongoUrl: url('MONGO_URL'),
    partitions: settings.PARTITIONS,
    retentionHours: settings.OUTBOX_RETENTION_HOURS,
  }
}

/** @returns `from` undefined where the defaults are to be taken: nothing runs here, and nothing is set */
function choose(env: Env, running: RunningStack | undefined): { from: Env | undefined; source: string } {
  const stack: Env | undefined = running && { ...running.env }
  const named = servers.filter((name) => env[name])
  if (stack && named.every((name) => env[name] === stack[name]))
    return { from: stack, source: `the local stack of process ${running?.pid}` }
  if (named.length > 0) return { from: env, source: 'the servers of the settings' }
  return { from: undefined, source: 'the usual ports of this machine' }
}
