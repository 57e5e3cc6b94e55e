import { originPattern } from '../http/cors.ts'
import { exposure, guestElsewhere, publicSecret } from './exposure.ts'
import { logLevels } from './logger.ts'
import { integer, listOf, oneOf, text, url, type Setting } from './settings.ts'

const publicTokenSecret = 'a-public-word-for-loopback'

/** Settings that mean the same in every process that has them. */
export const commonSettings = {
  HOST: {
    ...text({
      doc: 'Address the services listen on; beyond this machine only with authentication (AUTH_JWKS_URL or AUTH_SECRET) or ALLOW_UNAUTHENTICATED.',
      default: '127.0.0.1',
    }),
    objection: exposure,
  },
  ALLOW_UNAUTHENTICATED: oneOf({
    doc: '1 lets a process listen beyond this machine although it has no authentication: for networks that are closed.',
    values: ['0', '1'],
    default: '0',
  }),
  SHUTDOWN_DELAY_MS: integer({
    doc: 'From SIGTERM a process goes on for so long, with `/health/ready` red, until the balancer in front of it has noticed (milliseconds).',
    default: 0,
    min: 0,
    max: 60_000,
  }),
  LOG_LEVEL: oneOf({ doc: 'Least severe log line that is written.', values: logLevels, default: 'info' }),
  RABBITMQ_URL: {
    ...url({
      doc: 'RabbitMQ, with the virtual host as its path.',
      protocols: ['amqp:', 'amqps:'],
      default: 'amqp://guest:guest@127.0.0.1:5672',
    }),
    objection: guestElsewhere,
  },
  PARTITIONS: integer({
    doc: 'Partitions of the event stream: part of every name on the broker, so the same in every process and for ever.',
    default: 8,
    min: 1,
    max: 1_000,
  }),
  TOKEN_SECRET: {
    ...text({
      doc: 'Signs `Consistency-Token`: the same in every command and query process. The default is known to everyone, so it is refused beyond this machine.',
      pattern: /^.{16,}$/,
      accepts: 'a text of at least 16 characters, best of 32 random ones',
      default: publicTokenSecret,
    }),
    secret: true,
    objection: (value: string, settings: Readonly<Record<string, unknown>>) =>
      publicSecret(value, settings, publicTokenSecret),
  },
  COMMAND_PUBLIC_URL: publicUrl({
    doc: 'The command service as clients see it: the pages of the query service link to it.',
    default: 'http://localhost:3000',
  }),
  CORS_ORIGINS: listOf({
    doc: 'Origins whose pages may call the services. `*` as the port is any port, `*` alone is everyone, `none` nobody.',
    accepts:
      'a comma-separated list of origins such as https://app.example.com or http://localhost:*, or none',
    pattern: originPattern,
    default: ['http://localhost:*', 'http://127.0.0.1:*'],
  }),
  QUERY_PUBLIC_URL: publicUrl({
    doc: 'The query service as clients see it: the base of `Location` and of `Link`.',
    default: 'http://localhost:3001',
  }),
}

/** A service as clients see it; without a slash at its end, so that paths can follow. */
function publicUrl(options: { doc: string; default: string }): Setting<string> {
  const setting = url({ ...options, protocols: ['http:', 'https:'] })
  return { ...setting, parse: (value) => setting.parse(value).replace(/\/$/, '') }
}
