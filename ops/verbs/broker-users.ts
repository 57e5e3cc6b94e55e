import { retryUntil } from '../../shared/process/backoff.ts'
import { loadSettings, SettingsError, url } from '../../shared/process/settings.ts'
import { makeBrokerUsers } from '../broker-users.ts'

const HELP = `usage: broker-users

Makes RabbitMQ's users of the relay and of the query service, with the rights each needs and no more, or gives those
that are there these passwords and rights. Waits for a broker that is not up yet.

  RABBITMQ_API_URL    the management API, with an administrator's login
  RABBITMQ_RELAY_URL  what the relay gets as RABBITMQ_URL
  RABBITMQ_QUERY_URL  what the query service gets as RABBITMQ_URL`

const GIVE_UP_MS = 120_000
const amqp = ['amqp:', 'amqps:'] as const
const settings = {
  RABBITMQ_API_URL: url({ doc: 'the management API', protocols: ['http:', 'https:'] }),
  RABBITMQ_RELAY_URL: url({ doc: "the relay's URL", protocols: amqp }),
  RABBITMQ_QUERY_URL: url({ doc: "the query service's URL", protocols: amqp }),
}

export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  try {
    const { RABBITMQ_API_URL, RABBITMQ_RELAY_URL, RABBITMQ_QUERY_URL } = loadSettings(settings, process.env)
    const urls = { relay: RABBITMQ_RELAY_URL, query: RABBITMQ_QUERY_URL }
    const made = await retryUntil(() => makeBrokerUsers(RABBITMQ_API_URL, urls).then(() => true), {
      baseMs: 500,
      maxMs: 2_000,
      signal: AbortSignal.timeout(GIVE_UP_MS),
      onFailure: (error) => console.error(`not yet: ${(error as Error).message}`),
    })
    return made ? 0 : 1
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    console.error(error.message)
    return 78
  }
}
